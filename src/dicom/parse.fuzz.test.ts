/**
 * Sound files of every layout, broken in the ways that disks, networks and attackers break them. Whatever the bytes: nothing
 * but DicomError escapes, reading every value included; no parse takes long; what is kept stays in proportion. Seeds are fixed.
 */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { DataSet } from './data-set.ts'
import { DicomError } from './dicom-error.ts'
import { encodeDataSet, encodeP10 } from './encode.ts'
import { parseP10 } from './parse.ts'

const SEED = 20260101
const RUNS = 40_000
/** Of processor time, which a busy machine does not stretch. The slowest pattern below takes about a tenth of it. */
const PARSE_CPU_MS_MAX = 500
const HOSTILE_SIZE_BYTES = 1_000_000

const ATTRIBUTES = {
  SpecificCharacterSet: ['', 'ISO 2022 IR 87'],
  ImageType: ['ORIGINAL', 'PRIMARY', 'AXIAL'],
  SOPClassUID: '1.2.840.10008.5.1.4.1.1.2',
  SOPInstanceUID: '1.2.3.4',
  StudyDate: '20240102',
  Modality: 'CT',
  ReferencedStudySequence: [{ ReferencedSOPInstanceUID: '1.2.3.5' }, {}],
  PatientName: 'Yamada^Tarou=山田^太郎',
  PatientID: 'P1',
  RequestAttributesSequence: [{ ScheduledProtocolCodeSequence: [{ CodeValue: 'A', CodeMeaning: 'B' }] }],
  PixelSpacing: ['0.5', '0.5'],
  Rows: 4,
  Columns: 4,
  BitsAllocated: 16,
  PixelRepresentation: 1,
  SmallestImagePixelValue: -1,
  '00091001': { vr: 'UN', value: Uint8Array.of(1, 2, 3, 4) },
  '00081140': { vr: 'UN', value: Uint8Array.of(0xfe, 0xff, 0, 0xe0, 0, 0, 0, 0) },
}

const SYNTAXES = [
  '1.2.840.10008.1.2',
  '1.2.840.10008.1.2.1',
  '1.2.840.10008.1.2.2',
  '1.2.840.10008.1.2.1.99',
  '1.2.840.10008.1.2.5',
]

const SEEDS: Uint8Array[] = [
  ...SYNTAXES.flatMap((transferSyntaxUID) =>
    (['defined', 'undefined'] as const).map((sequenceLength) =>
      encodeP10({
        transferSyntaxUID,
        attributes: ATTRIBUTES,
        sequenceLength,
        pixelData: { frames: [new Uint8Array(32)] },
        preamble: false,
      }),
    ),
  ),
  encodeDataSet(ATTRIBUTES),
  encodeDataSet(ATTRIBUTES, { explicitVR: false }),
]

/** What lengths, tags and delimiters look like at their worst. */
const POISON = [
  'ffffffff',
  'feffffff',
  '00000000',
  '00000080',
  'feff00e0ffffffff',
  'feff0de000000000',
  'feffdde000000000',
  '08004011535100 00ffffffff',
  '08004011554e0000ffffffff',
  'e07f10004f420000ffffffff',
  '5351',
  '554e',
  '1b24',
].map((hex) => Buffer.from(hex.replaceAll(' ', ''), 'hex'))

type Mutation =
  | { kind: 'flip'; at: number; bits: number }
  | { kind: 'cut'; at: number }
  | { kind: 'poison'; at: number; with: number; insert: boolean }
  | { kind: 'splice'; at: number; from: number; other: number; length: number }
  | { kind: 'drop'; at: number; length: number }

/** Positions are fractions of the file, evenly spread: the biased ones of fast-check would break little but the first byte. */
const fraction = fc.noBias(fc.nat(9999)).map((parts) => parts / 10_000)

const mutation: fc.Arbitrary<Mutation> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('flip' as const), at: fraction, bits: fc.integer({ min: 1, max: 255 }) }),
  },
  fc.record({ kind: fc.constant('cut' as const), at: fraction }),
  fc.record({
    kind: fc.constant('poison' as const),
    at: fraction,
    with: fc.nat(POISON.length - 1),
    insert: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('splice' as const),
    at: fraction,
    from: fraction,
    other: fc.nat(SEEDS.length - 1),
    length: fc.nat(200),
  }),
  fc.record({ kind: fc.constant('drop' as const), at: fraction, length: fc.integer({ min: 1, max: 16 }) }),
)

function mutate(bytes: Uint8Array, change: Mutation): Uint8Array {
  const at = Math.floor(change.at * bytes.length)
  const replace = (length: number, by: Uint8Array) =>
    Buffer.concat([bytes.subarray(0, at), by, bytes.subarray(at + length)])
  switch (change.kind) {
    case 'flip':
      return bytes.length === 0 ? bytes : replace(1, Uint8Array.of(bytes[at]! ^ change.bits))
    case 'cut':
      return bytes.subarray(0, at)
    case 'poison':
      return replace(change.insert ? 0 : POISON[change.with]!.length, POISON[change.with]!)
    case 'drop':
      return replace(change.length, new Uint8Array(0))
    case 'splice': {
      const other = SEEDS[change.other]!
      const from = Math.floor(change.from * other.length)
      return replace(0, other.subarray(from, from + change.length))
    }
  }
}

/** Asks every element for everything; the count is what the caller compares with the size of the file. */
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
  test('lets only DicomError out, in little time, and reaches both outcomes', () => {
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

  test('and on bytes of no kind at all', () => {
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
    [
      'items that open and never close',
      SYNTAXES[1]!,
      '',
      '08004011 53510000 10000000 feff00e0 ffffffff feff00e0 ffffffff',
    ],
    [
      'UN that looks like a sequence running on',
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
