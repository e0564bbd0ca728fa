import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { type Described, matchesTerms, toTerms } from '../../../imaging/search/terms.ts'
import { matchesPattern } from '../../../imaging/search/words.ts'
import { charactersOf, isWord, keysOf, longPrefixesOf, type Wanted, wantedOf, wordsFrom } from './word-keys.ts'

const SEED = 20261126

test('a value has the keys of its words and of their short prefixes', () => {
  assert.deepEqual(
    [...keysOf({ Modality: 'CT', PatientSex: 'F', SeriesNumber: 12 })],
    [...['b.ct', 'b-c', 'b-ct', 'i.f', 'j.12']],
  )
  assert.deepEqual([...keysOf({ PatientName: 'Doe😀x' })].sort(), ['a-d', 'a-do', 'a-doe', 'a-x', 'a.doe', 'a.x'])
  assert.deepEqual([...keysOf({ 'words 7': ['Thorax', 'CT'], 'whole 8': ['1.2.3', '1.2.4'] })].sort(), [
    ...['\u0107-c', '\u0107-ct', '\u0107-t', '\u0107-th', '\u0107-tho', '\u0107.ct', '\u0107.thorax'],
    ...['\u0108=1.2.3', '\u0108=1.2.4'],
  ])
  assert.deepEqual(longPrefixesOf('\u0107.thor'), ['\u0107-thor'])
  assert.deepEqual(longPrefixesOf('\u0108=1.2.3'), [])
  assert.deepEqual(longPrefixesOf('a.muller'), ['a-mull', 'a-mulle', 'a-muller'])
  assert.deepEqual([...longPrefixesOf('h.19700131'), ...longPrefixesOf('a.doe'), ...longPrefixesOf('a-mull')], [])
})

/** Whether an image set with these keys is found, where long prefixes have no key. */
function isFound(wanted: Wanted, keys: ReadonlySet<string>): boolean {
  if (wanted.kind === 'key') return keys.has(wanted.key)
  const [from, before] = wordsFrom(wanted.key)
  const words = [...keys].filter((key) => isWord(key) && key >= from && key < before)
  if (wanted.kind === 'prefix') return words.length > 0
  return words.some((key) => matchesPattern(wanted.pattern, charactersOf(key)))
}

test('keys find the image sets that terms match, with and without keys of long prefixes', () => {
  const word = fc.string({ unit: fc.constantFrom('a', 'b', 'ü', 'ß', '山', '1'), minLength: 1, maxLength: 7 })
  const value = fc.array(word, { maxLength: 3 }).map((words) => words.join('^'))
  const described = fc.record<Described>({
    ...{ PatientName: value, StudyDescription: value, PatientSex: fc.constantFrom('M', 'F', null) },
    SeriesNumber: fc.constantFrom(1, 11, null),
  })
  const asked = fc.string({
    unit: fc.constantFrom('a', 'b', 'Ü', 'ss', '山', '1', '?', '*'),
    minLength: 1,
    maxLength: 6,
  })
  const pair = fc.oneof(
    fc.tuple(
      fc.constantFrom('PatientName', 'StudyDescription'),
      asked.map((text) => `1a${text}`.slice(text.length % 3)),
    ),
    fc.constantFrom<[string, string]>(['PatientSex', 'm'], ['SeriesNumber', '1']),
  )
  let found = 0
  fc.assert(
    fc.property(described, fc.array(pair, { minLength: 1, maxLength: 2 }), (values, pairs) => {
      fc.pre(pairs.every(([, text]) => /[^*?]/.test(text)))
      const terms = toTerms(pairs)
      const keys = keysOf(values)
      const prefixes = new Set([...keys].flatMap(longPrefixesOf))
      const meant = matchesTerms(terms, values)
      assert.equal(
        terms.every((term) => wantedOf(term).some((wanted) => isFound(wanted, keys))),
        meant,
      )
      assert.equal(
        terms.every((term) =>
          wantedOf(term).some((wanted) =>
            wanted.kind === 'prefix' ? prefixes.has(wanted.key) : isFound(wanted, keys),
          ),
        ),
        meant,
      )
      if (meant) found++
    }),
    { seed: SEED, numRuns: 5_000 },
  )
  assert.ok(found > 200, `${found} were found`)
})
