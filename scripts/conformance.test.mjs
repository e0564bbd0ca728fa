// Compares docs/conformance.md with the acceptance tests: a new, deleted or re-sourced behaviour makes it out of date.
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { operations } from '../src/contract/operations.ts'
import { behavioursOf, clientsOf, isOf, rowOf, rowsOf, sectionsOf, sentenceOf } from './behaviours.mjs'
import { ROOT } from './bootstrap.mjs'

const sections = sectionsOf(ROOT, Object.keys(operations))

test('every behaviour that an acceptance test requires of the service names its source', () => {
  const withoutSource = sections.flatMap(({ behaviours }) =>
    behaviours.filter(({ source }) => source === undefined).map((each) => `${each.file}: ${sentenceOf(each)}`),
  )
  assert.deepEqual(withoutSource, [])
})

test('docs/conformance.md lists the behaviours of the acceptance tests; `npm run conformance` writes it', () => {
  const required = sections.flatMap(({ section, behaviours }) => behaviours.map((each) => rowOf(section, each)))
  const clients = clientsOf(ROOT).map(({ file }) => file)
  assert.deepEqual([...rowsOf(ROOT).keys()], [...required, ...clients])
})

test('no two behaviours of a file have the same sentence, so that each result has one behaviour', () => {
  const all = sections.flatMap(({ behaviours }) => behaviours.map((each) => `${each.file}: ${sentenceOf(each)}`))
  assert.deepEqual(
    all.filter((each, at) => all.indexOf(each) !== at),
    [],
  )
})

const SAMPLE = `
test('outside', choice, () => {})
describe('suite', documented, () => {
  test('as the suite says', async () => {})
  for (const a of b) {
    test(\`it's \${a} or \${b.c(1)}\`, recorded, () => {})
  }
  describe('inner', () => {
    test(
      "it isn't here",
      () => {},
    )
  })
})
test('behind', () => {})
`

test('the suites, loops and sources of a test file are found', () => {
  const found = behavioursOf(SAMPLE)
  assert.deepEqual(
    found.map(({ names, source }) => [names.join(': '), source]),
    [
      ['outside', 'choice'],
      ['suite: as the suite says', 'documented'],
      ["suite: it's … or …", 'recorded'],
      ["suite: inner: it isn't here", 'documented'],
      ['behind', undefined],
    ],
  )
  assert.ok(isOf(found[2], "suite › it's a.b or c"))
  assert.ok(!isOf(found[2], "suite › it's a"))
  assert.ok(!isOf(found[0], 'suite › outside'))
})
