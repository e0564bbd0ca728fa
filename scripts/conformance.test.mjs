// Compares docs/conformance.md and docs/dicomweb-conformance.md with the acceptance tests: a new, deleted or re-sourced behaviour makes it out of date.
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { operations } from '../src/contract/operations.ts'
import {
  behavioursOf,
  clientsOf,
  DICOMWEB_DOCUMENT,
  dicomwebSectionsOf,
  isOf,
  rowOf,
  rowsOf,
  sectionsOf,
  sentenceOf,
} from './behaviours.mjs'
import { ROOT } from './bootstrap.mjs'
import { requestsOfDicomweb } from './dicomweb-conformance.mjs'

const sections = sectionsOf(ROOT, Object.keys(operations))
const ofDicomweb = dicomwebSectionsOf(ROOT)
const all = [...sections, ...ofDicomweb]
const rowsOfSections = (some) =>
  some.flatMap(({ section, behaviours }) => behaviours.map((each) => rowOf(section, each)))

test('every behaviour that an acceptance test requires of the service names its source', () => {
  const withoutSource = all.flatMap(({ behaviours }) =>
    behaviours.filter(({ source }) => source === undefined).map((each) => `${each.file}: ${sentenceOf(each)}`),
  )
  assert.deepEqual(withoutSource, [])
})

test('docs/conformance.md lists the behaviours of the acceptance tests; `npm run conformance` writes it', () => {
  const clients = clientsOf(ROOT).map(({ file }) => file)
  assert.deepEqual([...rowsOf(ROOT).keys()], [...rowsOfSections(sections), ...clients])
})

test('docs/dicomweb-conformance.md lists the requests and the behaviours of DICOMweb; `npm run conformance` writes it', () => {
  assert.deepEqual([...rowsOf(ROOT, DICOMWEB_DOCUMENT).keys()], rowsOfSections(ofDicomweb))
  assert.ok(readFileSync(join(ROOT, DICOMWEB_DOCUMENT), 'utf8').includes(requestsOfDicomweb()))
})

test('no two sections of DICOMweb have the same name', () => {
  const names = ofDicomweb.map(({ section }) => section)
  assert.deepEqual([...new Set(names)], names)
})

test('no two behaviours of a file have the same sentence, so that each result has one behaviour', () => {
  const sentences = all.flatMap(({ behaviours }) => behaviours.map((each) => `${each.file}: ${sentenceOf(each)}`))
  assert.deepEqual(
    sentences.filter((each, at) => sentences.indexOf(each) !== at),
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
test('of the standard', clause('10.4.1'), () => {})
test('with options', {
  ...recorded,
}, () => {})
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
      ['of the standard', 'PS3.18 10.4.1'],
      ['with options', 'recorded'],
      ['behind', undefined],
    ],
  )
  assert.ok(isOf(found[2], "suite › it's a.b or c"))
  assert.ok(!isOf(found[2], "suite › it's a"))
  assert.ok(!isOf(found[0], 'suite › outside'))
})
