/**
 * Valid files in every encoding, damaged as disks, networks and attackers damage them. For any bytes, parsing and reading every value
 * throws only DicomError, takes little time, and keeps memory in proportion to the file. Seeds are fixed.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { runs } from '../fixtures/soak.ts'
import { fraction, mutate, mutation, SEEDS, SYNTAXES } from './broken-files.fixture.ts'
import type { DataSet } from './data-set.ts'
import { DicomError } from './dicom-error.ts'
import { encodeP10 } from './encode.ts'
import { parseP10 } from './parse.ts'

const SEED = 20260101
const RUNS = runs(15_000)
/** Processor time, which does not depend on the load of the machine. The slowest pattern below takes about a tenth of it. */
const PARSE_CPU_MS_MAX = 500
const HOSTILE_SIZE_BYTES = 1_000_000

/** Reads every element with every accessor; the caller compares the count with the size of the file. */
function readAll(dataSet: DataSet): number {
  let elements = 0
  for (const tag of dataSet.tags()) {
    elements += 1
    dataSet.rawString(tag)
    dataSet.strings(tag)
    dataSet.numbers(tag)
    dataSet.bytes(tag)
    for (const item of dataSet.items(tag)) elements += readAll(item)
  }
  return elements
}

function cpuMsSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start)
  return (user + system) / 1000
}

function parseOrRefuse(bytes: Uint8Array): { outcome: string; cpuMs: number } {
  const start = process.cpuUsage()
  try {
    const { dataSet, meta } = parseP10(bytes, { inflatedBytesMax: HOSTILE_SIZE_BYTES })
    const cpuMs = cpuMsSince(start)
    const elements = readAll(meta) + readAll(dataSet)
    assert.ok(elements * 8 <= Math.max(bytes.length, HOSTILE_SIZE_BYTES), 'more elements than bytes could hold')
    return { outcome: 'parsed', cpuMs }
  } catch (error) {
    if (!(error instanceof DicomError)) throw error
    return { outcome: error.reason, cpuMs: cpuMsSince(start) }
  }
}

describe('parseP10 on broken files', () => {
  test('throws only DicomError, in little time, and some files are read and some refused', () => {
    const outcomes = new Map<string, number>()
    fc.assert(
      fc.property(fc.nat(SEEDS.length - 1), fc.array(mutation, { minLength: 1, maxLength: 3 }), (seed, changes) => {
        const { outcome, cpuMs } = parseOrRefuse(changes.reduce(mutate, SEEDS[seed]!))
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
        assert.ok(cpuMs < PARSE_CPU_MS_MAX, `${outcome} took ${cpuMs} ms`)
      }),
      { seed: SEED, numRuns: RUNS },
    )
    assert.ok((outcomes.get('parsed') ?? 0) > RUNS / 10, 'too few mutants parse')
    assert.ok(outcomes.size > 15, `too few kinds of refusal: ${[...outcomes.keys()]}`)
  })

  test('on random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        assert.notEqual(parseOrRefuse(bytes).outcome, 'parsed')
      }),
      { seed: SEED, numRuns: 2000 },
    )
  })

  test('a whole file and its prefixes agree on every tag before the pixel data', () => {
    fc.assert(
      fc.property(fc.nat(SEEDS.length - 1), fraction, (seed, at) => {
        const whole = SEEDS[seed]!
        const prefix = whole.subarray(0, Math.floor(at * whole.length))
        try {
          const tags = [...parseP10(prefix, { sizeBytes: whole.length }).dataSet.tags()]
          assert.deepEqual(tags, [...parseP10(whole).dataSet.tags()])
        } catch (error) {
          assert.ok(error instanceof DicomError && 'needMoreBytes' in error, String(error))
        }
      }),
      { seed: SEED, numRuns: 500 },
    )
  })
})

describe('parseP10 takes time linear in the bytes for', () => {
  const head = (uid: string) => encodeP10({ transferSyntaxUID: uid, attributes: {}, preamble: true })
  const patterns: [name: string, uid: string, start: string, repeated: string][] = [
    ['sequences that open and never close', SYNTAXES[1]!, '', '08004011 53510000 ffffffff feff00e0 ffffffff'],
    ['the same in implicit VR', SYNTAXES[0]!, '', '08004011 ffffffff feff00e0 ffffffff'],
    ['elements without value', SYNTAXES[1]!, '', '08000500 43530000'],
    ['elements without value in implicit VR', SYNTAXES[0]!, '', '08000500 00000000'],
    ['empty items', SYNTAXES[1]!, '08004011 53510000 ffffffff', 'feff00e0 00000000'],
    ['items that are never closed', SYNTAXES[1]!, '', '08004011 53510000 10000000 feff00e0 ffffffff feff00e0 ffffffff'],
    [
      'UN that looks like an endless sequence',
      SYNTAXES[1]!,
      '',
      '08004011 554e0000 10000000 feff00e0 ffffffff feff00e0 ffffffff',
    ],
    ['empty fragments', SYNTAXES[4]!, 'e07f1000 4f420000 ffffffff', 'feff00e0 00000000'],
  ]
  for (const [name, uid, start, repeated] of patterns) {
    test(name, () => {
      const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
      const bytes = Buffer.concat([head(uid), hex(start), Buffer.alloc(HOSTILE_SIZE_BYTES, hex(repeated))])
      const { cpuMs } = parseOrRefuse(bytes)
      assert.ok(cpuMs < PARSE_CPU_MS_MAX, `took ${cpuMs} ms`)
    })
  }
})
