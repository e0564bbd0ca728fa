/** Valid files in every encoding, and generators of the damage that disks, networks and attackers cause. */
import fc from 'fast-check'
import { encodeDataSet, encodeP10 } from './encode.ts'

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

export const SYNTAXES = [
  '1.2.840.10008.1.2',
  '1.2.840.10008.1.2.1',
  '1.2.840.10008.1.2.2',
  '1.2.840.10008.1.2.1.99',
  '1.2.840.10008.1.2.5',
]

export const SEEDS: Uint8Array[] = [
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

/** Extreme lengths, tags and delimiters. */
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

/** Positions are uniform fractions of the file: fast-check's own distribution would damage little but the first bytes. */
export const fraction = fc.noBias(fc.nat(9999)).map((parts) => parts / 10_000)

export const mutation: fc.Arbitrary<Mutation> = fc.oneof(
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

export function mutate(bytes: Uint8Array, change: Mutation): Uint8Array {
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
