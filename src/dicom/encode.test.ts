/** parseP10 reads back what encodeP10 writes, in every transfer syntax; and the bytes of the standard's own examples. */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { DataSet } from './data-set.ts'
import { DicomError } from './dicom-error.ts'
import { tagOf } from './dictionary.ts'
import {
  type Attributes,
  DeflatedExplicitVRLittleEndian,
  ExplicitVRBigEndian,
  ExplicitVRLittleEndian,
  encodeDataSet,
  encodeP10,
  HTJ2KLosslessRPCL,
  ImplicitVRLittleEndian,
  RLELossless,
} from './encode.ts'
import { parseP10 } from './parse.ts'

const NATIVE = [ImplicitVRLittleEndian, ExplicitVRLittleEndian, DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian]
const ENCAPSULATED = [RLELossless, HTJ2KLosslessRPCL]
const IDENTITY = { SOPClassUID: '1.2.840.10008.5.1.4.1.1.2', SOPInstanceUID: '1.2.3.4' }

const latin = (text: string) => Buffer.from(text, 'latin1')
const bytesOfValue = (attributes: Attributes) => Buffer.from(encodeDataSet(attributes)).subarray(8)

/** Text without characters that a reader trims or splits at. */
const word = fc
  .array(fc.constantFrom(...'aZ09.-_ äßÆéπЖ山ñ'), { minLength: 1, maxLength: 21 })
  .map((characters) => characters.join('').trim() || 'x')
const digits = fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 9 })
const item: fc.Arbitrary<Attributes> = fc.record(
  {
    PatientID: fc.oneof(word, fc.constant(null)),
    PatientName: word,
    StudyDescription: word,
    AdditionalPatientHistory: word,
    StudyInstanceUID: digits.map((list) => `1.${list.map((digit) => digit + 1).join('.')}`),
    ImageType: fc.array(fc.constantFrom('ORIGINAL', 'PRIMARY', 'X'), { minLength: 1, maxLength: 4 }),
    InstanceNumber: fc.integer({ min: -2147483648, max: 2147483647 }),
    PixelSpacing: fc.array(fc.double({ min: -1e30, max: 1e30, noNaN: true }), { minLength: 2, maxLength: 2 }),
    Rows: fc.integer({ min: 0, max: 65535 }),
    TagAngleSecondAxis: fc.integer({ min: -32768, max: 32767 }),
    SimpleFrameList: fc.array(fc.integer({ min: 0, max: 4294967295 }), { minLength: 1, maxLength: 5 }),
    ReferencePixelX0: fc.integer({ min: -2147483648, max: 2147483647 }),
    DiffusionBValue: fc.double({ noNaN: true, noDefaultInfinity: true }),
    ICCProfile: fc.uint8Array({ minLength: 1, maxLength: 9 }),
    FrameIncrementPointer: fc.constant('00181063'),
  },
  { requiredKeys: [] },
)
const dataSet: fc.Arbitrary<Attributes> = fc
  .tuple(item, fc.array(fc.tuple(item, fc.option(fc.array(item, { maxLength: 2 }))), { maxLength: 3 }))
  .map(([outer, items]) => ({
    ...outer,
    ReferencedStudySequence: items.map(([inner, deeper]) =>
      deeper === null ? inner : { ...inner, ReferencedSeriesSequence: deeper },
    ),
  }))

function assertSame(read: DataSet, written: Attributes): void {
  for (const [keyword, value] of Object.entries(written)) {
    const tag = tagOf(keyword)!
    if (value === null) assert.equal(read.string(tag), null, keyword)
    else if (typeof value === 'string') assert.equal(read.string(tag), value, keyword)
    else if (typeof value === 'number') assert.deepEqual(read.numbers(tag), [value], keyword)
    else if (value instanceof Uint8Array)
      assert.deepEqual([...read.bytes(tag)!].slice(0, value.length), [...value], keyword)
    else if (keyword === 'PixelSpacing') assertClose(read.numbers(tag), value as number[])
    else if (keyword === 'SimpleFrameList') assert.deepEqual(read.numbers(tag), value, keyword)
    else if (keyword === 'ImageType') assert.deepEqual(read.strings(tag), value)
    else {
      const items = read.items(tag)
      assert.equal(items.length, (value as Attributes[]).length, keyword)
      for (const [index, each] of (value as Attributes[]).entries()) assertSame(items[index]!, each)
    }
  }
}

/** A decimal string has 16 characters, enough for eight significant digits. */
function assertClose(read: readonly number[], written: readonly number[]): void {
  assert.equal(read.length, written.length)
  for (const [index, value] of written.entries()) {
    assert.ok(Math.abs(read[index]! - value) <= Math.abs(value) * 1e-8, `${read[index]} for ${value}`)
  }
}

describe('encodeP10', () => {
  for (const transferSyntaxUID of [...NATIVE, ...ENCAPSULATED]) {
    test(`writes what parseP10 reads back, in ${transferSyntaxUID}`, () => {
      fc.assert(
        fc.property(dataSet, fc.constantFrom('defined', 'undefined'), (attributes, sequenceLength) => {
          const whole = { ...IDENTITY, SpecificCharacterSet: 'ISO_IR 192', ...attributes }
          const pixelData = { frames: [Uint8Array.of(1, 2, 3, 4)] }
          const file = parseP10(encodeP10({ transferSyntaxUID, attributes: whole, pixelData, sequenceLength }))
          assert.equal(file.transferSyntaxUID, transferSyntaxUID)
          assertSame(file.dataSet, whole)
        }),
        { seed: 11, numRuns: 60 },
      )
    })
  }

  test('writes elements in tag order, regardless of the order of the attributes', () => {
    const file = parseP10(
      encodeP10({
        transferSyntaxUID: ExplicitVRLittleEndian,
        attributes: { Rows: 1, PatientID: 'P', '00091001': { vr: 'LO', value: 'private' }, ...IDENTITY },
      }),
    )
    assert.deepEqual([...file.dataSet.tags()], ['00080016', '00080018', '00091001', '00100020', '00280010'])
    assert.equal(file.dataSet.string('00091001'), 'private')
  })

  test('pads odd values by their VR: UI and OB with NUL, text with a space', () => {
    assert.deepEqual(bytesOfValue({ StudyInstanceUID: '1.2' }), latin('1.2\0'))
    assert.deepEqual(bytesOfValue({ PatientID: 'odd' }), latin('odd '))
    assert.deepEqual(bytesOfValue({ InstanceNumber: 7 }), latin('7 '))
    assert.deepEqual(bytesOfValue({ FileMetaInformationVersion: Uint8Array.of(9) }).subarray(4), Buffer.of(9, 0))
  })

  test('omits undefined values and writes null as an empty element', () => {
    assert.equal(encodeDataSet({ PatientID: undefined }).length, 0)
    assert.equal(encodeDataSet({ PatientID: null }).length, 8)
  })

  test('selects the VR by the pixel attributes', () => {
    const vrOf = (attributes: Attributes, tag: string) =>
      parseP10(
        encodeP10({ transferSyntaxUID: ExplicitVRLittleEndian, attributes: { ...IDENTITY, ...attributes } }),
      ).dataSet.vr(tag)
    assert.equal(vrOf({ PixelRepresentation: 1, SmallestImagePixelValue: -3 }, '00280106'), 'SS')
    assert.equal(vrOf({ PixelRepresentation: 0, SmallestImagePixelValue: 3 }, '00280106'), 'US')
    assert.equal(vrOf({ BitsAllocated: 8, PixelData: Uint8Array.of(1, 2) }, '7FE00010'), 'OB')
    assert.equal(vrOf({ BitsAllocated: 16, PixelData: Uint8Array.of(1, 2) }, '7FE00010'), 'OW')
  })

  test('reverses the bytes of 16-bit pixels in big endian, and not those of 8-bit pixels', () => {
    const pixels = (BitsAllocated: number) => {
      const pixelData = { frames: [Uint8Array.of(1, 2), Uint8Array.of(3, 4)] }
      const attributes = { ...IDENTITY, BitsAllocated }
      const file = parseP10(encodeP10({ transferSyntaxUID: ExplicitVRBigEndian, attributes, pixelData }))
      return [...file.dataSet.bytes('7FE00010')!]
    }
    assert.deepEqual(pixels(16), [2, 1, 4, 3])
    assert.deepEqual(pixels(8), [1, 2, 3, 4])
  })

  test('writes a value too long for its 16-bit length as UN', () => {
    const attributes = { ...IDENTITY, PixelSpacing: Array<number>(20_000).fill(0.25) }
    const { dataSet } = parseP10(encodeP10({ transferSyntaxUID: ExplicitVRLittleEndian, attributes }))
    assert.equal(dataSet.numbers('00280030').length, 20_000)
  })

  test('encapsulates frames with their offsets, in one fragment each or several', () => {
    const frames = [Uint8Array.of(1, 2, 3), Uint8Array.of(4, 5, 6, 7, 8, 9)]
    const items = (pixelData: object) => {
      const file = encodeP10({
        transferSyntaxUID: RLELossless,
        attributes: IDENTITY,
        pixelData: { frames, ...pixelData },
      })
      const bytes = parseP10(file).dataSet.bytes('7FE00010')!
      return Buffer.from(bytes).toString('hex')
    }
    const item = (hex: string) => `feff00e0${(hex.length / 2).toString(16).padStart(2, '0')}000000${hex}`
    const delimiter = 'feffdde000000000'
    const startsWith = (text: string, expected: string) => assert.equal(text.replace(delimiter, ''), expected)
    startsWith(items({}), item('000000000c000000') + item('01020300') + item('040506070809'))
    startsWith(items({ offsetTable: 'empty' }), item('') + item('01020300') + item('040506070809'))
    startsWith(
      items({ fragmentSizeBytes: 2 }),
      item('0000000014000000') + item('0102') + item('0300') + item('0405') + item('0607') + item('0809'),
    )
  })

  test('writes file meta information with its length, and none on request', () => {
    const bytes = encodeP10({ transferSyntaxUID: ExplicitVRLittleEndian, attributes: IDENTITY })
    const { meta } = parseP10(bytes)
    const dataSetLength = encodeDataSet(IDENTITY).length
    assert.equal(meta.number('00020000'), bytes.length - 132 - 12 - dataSetLength)
    assert.equal(meta.string('00020003'), IDENTITY.SOPInstanceUID)
    const bare = encodeP10({
      transferSyntaxUID: ExplicitVRLittleEndian,
      attributes: IDENTITY,
      meta: false,
      preamble: false,
    })
    assert.deepEqual(bare, encodeDataSet(IDENTITY))
  })

  test('lets the caller override file meta information with invalid values', () => {
    const meta = { TransferSyntaxUID: undefined, SourceApplicationEntityTitle: 'SCANNER' }
    const bytes = encodeP10({ transferSyntaxUID: ExplicitVRLittleEndian, attributes: IDENTITY, meta })
    assert.throws(() => parseP10(bytes), { reason: 'DICOM attribute TransferSyntaxUID does not exist' })
    assert.ok(Buffer.from(bytes).includes('SCANNER'))
  })
})

describe('text is encoded as in the annexes of PS3.5', () => {
  const nameBytes = (charset: string | string[], name: string) => {
    const bytes = Buffer.from(encodeDataSet({ SpecificCharacterSet: charset, PatientName: name }))
    return bytes.subarray(bytes.indexOf('PN') + 4)
  }

  test('Japanese in ISO 2022 IR 87 (H.3.1)', () => {
    assert.deepEqual(
      nameBytes(['', 'ISO 2022 IR 87'], 'Yamada^Tarou=山田^太郎=やまだ^たろう'),
      latin('Yamada^Tarou=\x1b$B;3ED\x1b(B^\x1b$BB@O:\x1b(B=\x1b$B$d$^$@\x1b(B^\x1b$B$?$m$&\x1b(B'),
    )
  })

  test('Japanese with half-width katakana in ISO 2022 IR 13 (H.3.2)', () => {
    assert.deepEqual(
      nameBytes(['ISO 2022 IR 13', 'ISO 2022 IR 87'], 'ﾔﾏﾀﾞ^ﾀﾛｳ=山田^太郎=やまだ^たろう'),
      latin('\xd4\xcf\xc0\xde^\xc0\xdb\xb3=\x1b$B;3ED\x1b(J^\x1b$BB@O:\x1b(J=\x1b$B$d$^$@\x1b(J^\x1b$B$?$m$&\x1b(J'),
    )
  })

  test('Korean in ISO 2022 IR 149 (I.2), designated again after each delimiter', () => {
    assert.deepEqual(
      nameBytes(['', 'ISO 2022 IR 149'], 'Hong^Gildong=洪^吉洞=홍^길동'),
      latin('Hong^Gildong=\x1b$)C\xfb\xf3^\x1b$)C\xd1\xce\xd4\xd7=\x1b$)C\xc8\xab^\x1b$)C\xb1\xe6\xb5\xbf'),
    )
  })

  test('Chinese in GB18030 (J.4) and in UTF-8 (J.3)', () => {
    assert.deepEqual(nameBytes('GB18030', 'Wang^XiaoDong=王^小东'), latin('Wang^XiaoDong=\xcd\xf5^\xd0\xa1\xb6\xab '))
    assert.deepEqual(nameBytes('ISO_IR 192', 'Wang^XiaoDong=王^小東'), Buffer.from('Wang^XiaoDong=王^小東'))
  })

  test('every character of GB18030 is read back, including those of four bytes', () => {
    const decoder = new TextDecoder('gb18030')
    const character = fc
      .integer({ min: 0xa0, max: 0x10ffff })
      // Surrogates, private use and the replacement character are not text.
      .filter((code) => (code < 0xd800 || code > 0xf8ff) && code !== 0xfffd)
      .map((code) => String.fromCodePoint(code))
    fc.assert(
      fc.property(character, (char) => {
        const bytes = nameBytes('GB18030', char)
        assert.equal(decoder.decode(bytes).trimEnd(), char.trimEnd())
      }),
      { seed: 3, numRuns: 400 },
    )
  })

  test('single-byte sets use their upper half', () => {
    assert.deepEqual(nameBytes('ISO_IR 100', 'Buc^Jérôme'), latin('Buc^J\xe9r\xf4me'))
    assert.deepEqual(nameBytes('ISO_IR 126', 'Διονυσιος').subarray(0, 3), latin('\xc4\xe9\xef'))
    assert.deepEqual(nameBytes('ISO_IR 144', 'Люк').subarray(0, 3), latin('\xbb\xee\xda'))
  })

  test('an item without a character set uses that of the enclosing data set', () => {
    const attributes: Attributes = {
      SpecificCharacterSet: 'ISO_IR 100',
      ReferencedStudySequence: [
        { StudyDescription: 'é' },
        { SpecificCharacterSet: 'ISO_IR 192', StudyDescription: 'é' },
      ],
    }
    const text = Buffer.from(encodeDataSet(attributes)).toString('latin1')
    assert.match(text, /LO\x02\x00\xe9 /)
    assert.match(text, /LO\x02\x00\xc3\xa9/)
  })
})

describe('a value that cannot be encoded throws a DicomError that does not contain the value', () => {
  const refused: readonly [string, Attributes][] = [
    ['a keyword that the dictionary does not know', { PatientShoeSize: '44' }],
    ['a private element without a VR', { '00091001': 'x' }],
    ['a character outside the character set', { PatientName: 'Secret^山' }],
    ['text where a binary number belongs', { Rows: 'Secret' }],
    ['text where bytes belong', { ICCProfile: 'Secret' }],
    ['text where a sequence belongs', { ReferencedStudySequence: 'Secret' }],
    ['a letter outside ASCII in a code string', { Modality: 'Secreté' }],
  ]
  for (const [what, attributes] of refused) {
    test(what, () => {
      assert.throws(
        () => encodeDataSet(attributes),
        (error) => error instanceof DicomError && !error.message.includes('Secret'),
      )
    })
  }
})
