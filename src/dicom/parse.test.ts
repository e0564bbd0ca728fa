/** Every encoding of P10 files that parseP10 reads, and every kind of truncated or malformed file that it must refuse. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { deflateRawSync } from 'node:zlib'
import { DicomError, PrefixTooShortError } from './dicom-error.ts'
import { encodeDataSet, encodeP10 } from './encode.ts'
import { type ParseOptions, parseP10, parseTrailing, requireAttribute } from './parse.ts'
import { SEQUENCE_DEPTH_MAX } from './read-elements.ts'

const EXPLICIT = '1.2.840.10008.1.2.1'
const IMPLICIT = '1.2.840.10008.1.2'
const BIG_ENDIAN = '1.2.840.10008.1.2.2'
const DEFLATED = '1.2.840.10008.1.2.1.99'
const RLE = '1.2.840.10008.1.2.5'

const ATTRIBUTES = {
  SOPClassUID: '1.2.840.10008.5.1.4.1.1.2',
  SOPInstanceUID: '1.2.3.4',
  Modality: 'CT',
  ReferencedStudySequence: [{ ReferencedSOPInstanceUID: '1.2.3.5' }, { ReferencedSOPInstanceUID: '1.2.3.6' }],
  PatientID: 'P1',
  Rows: 2,
  Columns: 2,
  BitsAllocated: 16,
}
const PIXELS = { frames: [Uint8Array.of(1, 0, 2, 0, 3, 0, 4, 0)] }

/** Bytes from hex text and byte arrays. */
function bytesOf(...pieces: (string | Uint8Array)[]): Uint8Array {
  return Buffer.concat(
    pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece.replaceAll(' ', ''), 'hex') : piece)),
  )
}

/** A file with the given data set after a valid preamble and file meta information. */
function fileOf(transferSyntaxUID: string, ...pieces: (string | Uint8Array)[]): Uint8Array {
  return bytesOf(
    encodeP10({ transferSyntaxUID: '1.2.3', attributes: {}, meta: { TransferSyntaxUID: transferSyntaxUID } }),
    ...pieces,
  )
}

function faultOf(bytes: Uint8Array, options?: ParseOptions): DicomError {
  try {
    parseP10(bytes, options)
  } catch (error) {
    assert.ok(error instanceof DicomError, `escaped: ${error}`)
    return error
  }
  assert.fail('parsed without complaint')
}

describe('parseP10 reads', () => {
  for (const transferSyntaxUID of [EXPLICIT, IMPLICIT, BIG_ENDIAN, DEFLATED, RLE]) {
    for (const sequenceLength of ['defined', 'undefined'] as const) {
      test(`${transferSyntaxUID} with sequences of ${sequenceLength} length`, () => {
        const file = parseP10(
          encodeP10({ transferSyntaxUID, attributes: ATTRIBUTES, pixelData: PIXELS, sequenceLength }),
        )
        assert.equal(file.transferSyntaxUID, transferSyntaxUID)
        assert.equal(file.transferSyntax?.uid, transferSyntaxUID)
        assert.equal(file.meta.string('00020010'), transferSyntaxUID)
        assert.equal(file.dataSet.string('00080060'), 'CT')
        assert.equal(file.dataSet.number('00280010'), 2)
        const items = file.dataSet.items('00081110')
        assert.deepEqual(
          items.map((item) => item.string('00081155')),
          ['1.2.3.5', '1.2.3.6'],
        )
        assert.equal(file.pixelData?.tag, '7FE00010')
        assert.equal(file.pixelData?.encapsulated, transferSyntaxUID === RLE)
        assert.equal(file.pixelData?.lengthBytes, transferSyntaxUID === RLE ? undefined : 8)
      })
    }
  }

  test('pixel data at the reported place, also in a deflated file', () => {
    for (const transferSyntaxUID of [EXPLICIT, DEFLATED]) {
      const { bytes, pixelData } = parseP10(encodeP10({ transferSyntaxUID, attributes: ATTRIBUTES, pixelData: PIXELS }))
      const { offsetBytes, lengthBytes } = pixelData!
      assert.deepEqual([...bytes.subarray(offsetBytes, offsetBytes + lengthBytes!)], [...PIXELS.frames[0]!])
    }
  })

  test('a file without preamble', () => {
    const file = parseP10(encodeP10({ transferSyntaxUID: EXPLICIT, attributes: ATTRIBUTES, preamble: false }))
    assert.equal(file.dataSet.string('00100020'), 'P1')
  })

  test('a bare data set, and detects its transfer syntax', () => {
    const spellings = [
      [EXPLICIT, { explicitVR: true, littleEndian: true }],
      [IMPLICIT, { explicitVR: false, littleEndian: true }],
      [BIG_ENDIAN, { explicitVR: true, littleEndian: false }],
    ] as const
    for (const [uid, spelling] of spellings) {
      const file = parseP10(encodeDataSet(ATTRIBUTES, spelling))
      assert.equal(file.transferSyntaxUID, uid)
      assert.equal(file.dataSet.string('00100020'), 'P1')
      assert.deepEqual([...file.meta.tags()], [])
    }
  })

  test('a file in a private transfer syntax as explicit VR little endian', () => {
    const file = parseP10(encodeP10({ transferSyntaxUID: '1.2.3.4.5', attributes: ATTRIBUTES }))
    assert.equal(file.transferSyntax, undefined)
    assert.equal(file.transferSyntaxUID, '1.2.3.4.5')
    assert.equal(file.dataSet.string('00100020'), 'P1')
  })

  test('a file whose data set is implicit though its transfer syntax says explicit, and the reverse', () => {
    const implicit = encodeDataSet(ATTRIBUTES, { explicitVR: false })
    assert.equal(parseP10(fileOf(EXPLICIT, implicit)).dataSet.string('00100020'), 'P1')
    assert.equal(parseP10(fileOf(IMPLICIT, encodeDataSet(ATTRIBUTES))).dataSet.string('00100020'), 'P1')
  })

  test('OV, SV and UV with their 32-bit lengths, so that an extended offset table does not hide the pixel data', () => {
    const file = parseP10(
      fileOf(EXPLICIT, 'e07f0100 4f560000 08000000 0000000000000000', 'e07f1000 4f570000 02000000 0100'),
    )
    assert.equal(file.dataSet.bytes('7FE00001')?.length, 8)
    assert.equal(file.pixelData?.lengthBytes, 2)
  })

  test('float and double float pixel data', () => {
    for (const [hex, tag] of [
      ['e07f0800 4f460000 04000000 0000803f', '7FE00008'],
      ['e07f0900 4f440000 08000000 000000000000f03f', '7FE00009'],
    ] as const) {
      assert.equal(parseP10(fileOf(EXPLICIT, hex)).pixelData?.tag, tag)
    }
  })

  test('UN of undefined length as an implicit sequence, and UN of a known sequence too', () => {
    const item = 'feff00e0 0c000000 08005011 04000000 312e3200'
    const undefinedLength = parseP10(fileOf(EXPLICIT, '09001010 554e0000 ffffffff', item, 'feffdde0 00000000'))
    assert.equal(undefinedLength.dataSet.vr('00091010'), 'SQ')
    assert.equal(undefinedLength.dataSet.items('00091010')[0]?.string('00081150'), '1.2')
    const known = parseP10(fileOf(EXPLICIT, '08004011 554e0000 14000000', item))
    assert.equal(known.dataSet.vr('00081140'), 'SQ')
    assert.equal(known.dataSet.items('00081140')[0]?.string('00081150'), '1.2')
  })

  test('UN of a known sequence whose bytes are not a sequence as bytes', () => {
    const { dataSet } = parseP10(
      fileOf(EXPLICIT, '08004011 554e0000 08000000 feff00e0 ff000000', '10002000 4c4f0200 5031'),
    )
    assert.equal(dataSet.vr('00081140'), 'UN')
    assert.equal(dataSet.bytes('00081140')?.length, 8)
    assert.equal(dataSet.string('00100020'), 'P1')
  })

  test('an implicit item inside an explicit sequence', () => {
    const { dataSet } = parseP10(
      fileOf(EXPLICIT, '08004011 53510000 14000000 feff00e0 0c000000 08005011 04000000 312e3200'),
    )
    assert.equal(dataSet.items('00081140')[0]?.string('00081150'), '1.2')
  })

  test('an unknown VR with a 32-bit length, and ?? with a 16-bit length', () => {
    const { dataSet } = parseP10(fileOf(EXPLICIT, '09001010 5a5a0000 02000000 0102', '09001110 3f3f0200 0304'))
    assert.deepEqual([...dataSet.bytes('00091010')!], [1, 2])
    assert.deepEqual([...dataSet.bytes('00091011')!], [3, 4])
  })
})

describe('parseP10 by prefix', () => {
  const whole = encodeP10({
    transferSyntaxUID: EXPLICIT,
    attributes: ATTRIBUTES,
    pixelData: { frames: [new Uint8Array(4096)] },
  })
  const pixelsAt = parseP10(whole).pixelData!.offsetBytes

  test('needs no bytes after the header of the pixel data', () => {
    const file = parseP10(whole.subarray(0, pixelsAt), { sizeBytes: whole.length })
    assert.deepEqual(file.pixelData, { tag: '7FE00010', offsetBytes: pixelsAt, lengthBytes: 4096, encapsulated: false })
    assert.throws(() => file.dataSet.bytes('7FE00010'), PrefixTooShortError)
  })

  test('requests more bytes at every shorter prefix, and never reports a truncated file', () => {
    for (let length = 0; length < pixelsAt; length += 1) {
      const fault = faultOf(whole.subarray(0, length), { sizeBytes: whole.length })
      assert.ok(fault instanceof PrefixTooShortError && fault.needMoreBytes, `${length}: ${fault.message}`)
      assert.ok(fault.minimumSizeBytes > length && fault.minimumSizeBytes <= whole.length, `${length}`)
    }
  })

  test('refuses at once what exceeds the size of the whole file', () => {
    assert.match(faultOf(whole.subarray(0, pixelsAt), { sizeBytes: whole.length - 1 }).reason, /^the file ends inside/)
    assert.equal(
      faultOf(bytesOf('504b0304', new Uint8Array(300)), { sizeBytes: 1e9 }).reason,
      'DICOM attributes does not exist',
    )
  })

  test('stops at encapsulated pixel data, and requests all of a deflated file', () => {
    const encapsulated = encodeP10({ transferSyntaxUID: RLE, attributes: ATTRIBUTES, pixelData: PIXELS })
    const { offsetBytes } = parseP10(encapsulated).pixelData!
    const file = parseP10(encapsulated.subarray(0, offsetBytes), { sizeBytes: encapsulated.length })
    assert.equal(file.pixelData?.encapsulated, true)
    assert.throws(() => file.dataSet.bytes('7FE00010'), PrefixTooShortError)
    const deflated = encodeP10({ transferSyntaxUID: DEFLATED, attributes: ATTRIBUTES })
    const fault = faultOf(deflated.subarray(0, deflated.length - 1), { sizeBytes: deflated.length })
    assert.ok(fault instanceof PrefixTooShortError && fault.minimumSizeBytes === deflated.length)
  })
})

describe('parseTrailing reads the elements after the pixel data', () => {
  const behind = { '7FE11010': { vr: 'LO', value: 'Müller' }, FFFAFFFA: { vr: 'SQ', value: [{ MACIDNumber: 7 }] } }
  const attributes = { ...ATTRIBUTES, SpecificCharacterSet: 'ISO_IR 100', ...behind }

  for (const transferSyntaxUID of [EXPLICIT, IMPLICIT, BIG_ENDIAN, RLE]) {
    test(`in ${transferSyntaxUID}, with the character set of the file`, () => {
      const bytes = encodeP10({ transferSyntaxUID, attributes, pixelData: PIXELS })
      const whole = parseP10(bytes)
      const { offsetBytes, lengthBytes } = whole.pixelData!
      const beginning = parseP10(bytes.subarray(0, offsetBytes), { sizeBytes: bytes.length })
      const pixelBytes = lengthBytes ?? whole.dataSet.bytes('7FE00010')!.length + 8
      const trailing = parseTrailing(beginning, bytes.subarray(offsetBytes + pixelBytes))
      assert.deepEqual([...trailing.tags()], ['7FE11010', 'FFFAFFFA'])
      assert.equal(trailing.items('FFFAFFFA')[0]!.number('04000005'), 7)
      if (transferSyntaxUID !== IMPLICIT) assert.equal(trailing.string('7FE11010'), 'Müller')
    })
  }

  test('and refuses bytes that are not an element', () => {
    const bytes = encodeP10({ transferSyntaxUID: EXPLICIT, attributes, pixelData: PIXELS })
    assert.throws(() => parseTrailing(parseP10(bytes), bytesOf('e17f1010 4c4f ff00 41')), DicomError)
  })
})

describe('parseP10 refuses', () => {
  test('what is not DICOM, with the message of AWS', () => {
    const notDicom = [new Uint8Array(0), Buffer.from('{"not": "DICOM"}'), new Uint8Array(4096), bytesOf('08000500')]
    for (const bytes of notDicom) assert.equal(faultOf(bytes).reason, 'DICOM attributes does not exist')
  })

  test('a bare data set without SOP class', () => {
    const { SOPClassUID, ...rest } = ATTRIBUTES
    assert.ok(SOPClassUID)
    assert.equal(faultOf(encodeDataSet(rest)).reason, 'DICOM attributes does not exist')
  })

  test('file meta information without transfer syntax, with the message of AWS', () => {
    const bytes = encodeP10({
      transferSyntaxUID: EXPLICIT,
      attributes: ATTRIBUTES,
      meta: { TransferSyntaxUID: undefined },
    })
    assert.equal(faultOf(bytes).reason, 'DICOM attribute TransferSyntaxUID does not exist')
  })

  test('a file truncated anywhere, except between elements before the pixel data and after the last fragment', () => {
    for (const transferSyntaxUID of [EXPLICIT, IMPLICIT, RLE]) {
      for (const sequenceLength of ['defined', 'undefined'] as const) {
        const whole = encodeP10({ transferSyntaxUID, attributes: ATTRIBUTES, pixelData: PIXELS, sequenceLength })
        const legal: number[] = []
        const end = transferSyntaxUID === RLE ? whole.length - 8 : whole.length
        for (let length = 0; length < end; length += 1) {
          try {
            assert.equal(parseP10(whole.subarray(0, length)).pixelData, undefined)
            legal.push(length)
          } catch (error) {
            assert.ok(error instanceof DicomError && !(error instanceof PrefixTooShortError), `${length}: ${error}`)
          }
        }
        // Legal ends: before each of the eight elements and the pixel data, and those after the transfer syntax in the file meta
        // information.
        assert.equal(legal.length, 9 + 2, `${transferSyntaxUID} ${legal}`)
      }
    }
  })

  const malformed: [name: string, bytes: Uint8Array, reason: RegExp][] = [
    ['bytes after the last element', fileOf(EXPLICIT, '10002000 4c4f0200 5031', '0001'), /inside an element header/],
    [
      'padding with more zeros than a block',
      fileOf(EXPLICIT, '10002000 4c4f0200 5031', new Uint8Array(513)),
      /not a DICOM element/,
    ],
    [
      'an implicit VR file with the same padding',
      fileOf(IMPLICIT, '10002000 02000000 5031', new Uint8Array(513)),
      /not a DICOM element/,
    ],
    ['a length of 4 GB', fileOf(EXPLICIT, '10002000 554e0000 feffffff 5031'), /inside the value/],
    ['a sequence longer than the file', fileOf(EXPLICIT, '08004011 53510000 feffffff'), /inside a sequence/],
    [
      'an item longer than its sequence',
      fileOf(EXPLICIT, '08004011 53510000 08000000 feff00e0 08000000', '10002000 4c4f0000'),
      /runs past/,
    ],
    [
      'a value longer than its item',
      fileOf(EXPLICIT, '08004011 53510000 10000000 feff00e0 08000000 08005011 55490800', '10002000 4c4f0000'),
      /runs past/,
    ],
    ['a sequence that holds no item', fileOf(EXPLICIT, '08004011 53510000 08000000 08005011 55490000'), /not an item/],
    ['an item outside a sequence', fileOf(EXPLICIT, 'feff00e0 00000000'), /outside a sequence/],
    ['text of undefined length', fileOf(EXPLICIT, '10002000 55540000 ffffffff 5031'), /undefined length/],
    [
      'an element without VR',
      fileOf(EXPLICIT, '10002000 4c4f0000', '10003000 08000000 00000000'),
      /value representation/,
    ],
    [
      'an undefined item without delimiter',
      fileOf(EXPLICIT, '08004011 53510000 ffffffff feff00e0 ffffffff'),
      /file ends inside/,
    ],
    [
      'an offset table without fragments and delimiter',
      fileOf(RLE, 'e07f1000 4f420000 ffffffff feff00e0 00000000'),
      /encapsulated/,
    ],
    [
      'a fragment longer than the file',
      fileOf(RLE, 'e07f1000 4f420000 ffffffff feff00e0 00000000 feff00e0 ff000000 0000'),
      /fragment/,
    ],
    ['a fragment that is none', fileOf(RLE, 'e07f1000 4f420000 ffffffff 08000500 00000000'), /not a fragment/],
    [
      'a truncated deflate stream',
      fileOf(DEFLATED, deflateRawSync(new Uint8Array(999)).subarray(0, 5)),
      /ends too soon/,
    ],
    ['a deflate stream of garbage', fileOf(DEFLATED, 'ffffffff'), /cannot be inflated/],
  ]
  for (const [name, bytes, reason] of malformed) {
    test(name, () => {
      assert.match(faultOf(bytes).reason, reason)
    })
  }

  test('a deflate bomb, without inflating it', () => {
    const bomb = fileOf(DEFLATED, deflateRawSync(new Uint8Array(64 * 1024 * 1024)))
    assert.match(faultOf(bomb, { inflatedBytesMax: 1024 * 1024 }).reason, /more than may be read/)
  })

  test('sequences nested deeper than the limit, but not at the limit', () => {
    const nested = (depth: number) => {
      const open = '08004011 53510000 ffffffff feff00e0 ffffffff'
      return fileOf(EXPLICIT, ...Array(depth).fill(open), ...Array(depth).fill('feff0de0 00000000 feffdde0 00000000'))
    }
    assert.ok(parseP10(nested(SEQUENCE_DEPTH_MAX)).dataSet.has('00081140'))
    assert.match(faultOf(nested(SEQUENCE_DEPTH_MAX + 1)).reason, /too deep/)
    assert.match(faultOf(nested(10_000)).reason, /too deep/)
  })

  test('more elements than the limit', () => {
    const elements = '08000500 43530000'.repeat(100)
    assert.match(faultOf(fileOf(EXPLICIT, elements), { elementsMax: 50 }).reason, /too many elements/)
  })
})

describe('requireAttribute', () => {
  test('returns the value, or throws with the message of AWS where it is absent or empty', () => {
    const { dataSet } = parseP10(fileOf(EXPLICIT, encodeDataSet({ ...ATTRIBUTES, StudyInstanceUID: null })))
    assert.equal(requireAttribute(dataSet, 'SOPInstanceUID'), '1.2.3.4')
    for (const keyword of ['StudyInstanceUID', 'SeriesInstanceUID']) {
      assert.throws(() => requireAttribute(dataSet, keyword), {
        name: 'DicomError',
        message: `DICOM attribute ${keyword} does not exist`,
      })
    }
  })
})
