/** Comparison of values as PS3.4 C.2.2.2 has it. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Match } from './criteria.ts'
import { comparedText, compareInOrder, matchesCriterion } from './match.ts'

const equal = (...values: readonly string[]): Match => ({ kind: 'equal', values })
const pattern = (text: string): Match => ({ kind: 'pattern', pattern: text })
const words = (...prefixes: readonly string[]): Match => ({ kind: 'words', prefixes })

test('names are compared without case, accents and empty components at the end', () => {
  for (const name of ['Müller^Anna', 'MULLER^ANNA^^^', 'muller^anna==', 'Müller^Anna^ = '])
    assert.equal(comparedText('PN', name), 'muller^anna', name)
  assert.equal(comparedText('PN', 'Yamada^Tarou^^=山田^太郎^'), 'yamada^tarou=山田^太郎')
  assert.equal(comparedText('PN', ' ^^'), '')
})

test('other texts are compared with case, without spaces at their end', () => {
  assert.ok(matchesCriterion(equal('CT '), 'CS', ['CT']))
  assert.ok(!matchesCriterion(equal('ct'), 'CS', ['CT']))
  assert.ok(matchesCriterion(pattern('*HEAD?'), 'LO', ['CT HEAD1']))
  assert.ok(!matchesCriterion(pattern('HEAD'), 'LO', ['CT HEAD']))
})

test('dates and times have one form; what is neither is without a value', () => {
  assert.deepEqual(
    ['20260331', '2026.03.31', '2026', ''].map((text) => comparedText('DA', text)),
    ['20260331', '20260331', '', ''],
  )
  assert.deepEqual(
    ['10', '1015', '10:15:30.5', '101530.123456', 'noon'].map((text) => comparedText('TM', text)),
    ['100000.000000', '101500.000000', '101530.500000', '101530.123456', ''],
  )
  const range: Match = { kind: 'range', from: '101500.000000', to: undefined }
  assert.deepEqual(
    ['1015', '1014', 'noon'].map((text) => matchesCriterion(range, 'TM', [text])),
    [true, false, false],
  )
})

test('integers are compared as numbers, also in an order', () => {
  assert.ok(matchesCriterion(equal('7'), 'IS', ['007 ']))
  assert.ok(compareInOrder({ descending: false }, 'IS', ['9', '10']) < 0)
})

test('fuzzy: each word begins a word of any component', () => {
  const name = ['Thomas^Albert']
  for (const prefixes of [['thomas'], ['albert'], ['thomas', 'albert'], ['alb', 'tho']])
    assert.ok(matchesCriterion(words(...prefixes), 'PN', name), prefixes.join())
  for (const prefix of ['hom', 'ber']) assert.ok(!matchesCriterion(words(prefix), 'PN', name), prefix)
})

test('a list matches any of its values, and any value of the attribute', () => {
  assert.ok(matchesCriterion(equal('MR', 'SR'), 'CS', ['CT', 'SR']))
  assert.ok(!matchesCriterion(equal('MR'), 'CS', []))
  assert.ok(!matchesCriterion(pattern('*'), 'CS', ['']), 'an attribute without a value matches nothing')
})

test('without a value is last in both directions', () => {
  for (const descending of [true, false])
    assert.ok(
      compareInOrder({ descending }, 'LO', [undefined, 'a']) > 0 &&
        compareInOrder({ descending }, 'LO', ['a', undefined]) < 0,
    )
  assert.ok(compareInOrder({ descending: false }, 'LO', ['\uffff', '\u{10000}']) < 0, 'by code points')
})
