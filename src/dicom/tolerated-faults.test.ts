/** Faults that lose nothing are tolerated and recorded; the same faults are refused where something is lost. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { DicomError } from './dicom-error.ts'
import { ExplicitVRLittleEndian, encodeP10, RLELossless } from './encode.ts'
import { parseP10 } from './parse.ts'
import { scanPixelItems } from './pixel-items.ts'

const ATTRIBUTES = { SOPClassUID: '1.2.840.10008.5.1.4.1.1.7', SOPInstanceUID: '1.2.3', PatientID: 'P1', Rows: 2 }
const FRAMES = [7, 8, 9].map((value) => new Uint8Array(300).fill(value))

const encapsulated = (given: { offsetTable?: 'full' | 'empty'; transferSyntaxUID?: string } = {}) =>
  encodeP10({
    transferSyntaxUID: given.transferSyntaxUID ?? RLELossless,
    attributes: { ...ATTRIBUTES, NumberOfFrames: '3' },
    pixelData: { frames: FRAMES, offsetTable: given.offsetTable ?? 'empty' },
  })
const toleratedIn = (bytes: Uint8Array) => [...parseP10(bytes).tolerated]
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')

describe('pixel data without its last delimiter', () => {
  const whole = encapsulated()

  test('is read where the last item is complete, also with part of the delimiter', () => {
    assert.deepEqual(toleratedIn(whole), [])
    for (let missing = 1; missing <= 8; missing++) {
      const cut = whole.subarray(0, whole.length - missing)
      assert.deepEqual(toleratedIn(cut), ['pixel-data-without-delimiter'], `${missing} bytes`)
      assert.deepEqual(scanPixelItems(cut, parseP10(cut).pixelData!.offsetBytes).lengths, [300, 300, 300])
    }
  })

  test('is refused where an item is truncated', () => {
    for (const missing of [9, 10, 150, 307]) {
      const cut = whole.subarray(0, whole.length - missing)
      assert.throws(() => parseP10(cut), DicomError)
    }
  })

  test('is refused where frames are missing by NumberOfFrames or by the offset table', () => {
    const cut = whole.subarray(0, whole.length - 8 - 308)
    assert.throws(() => parseP10(cut), /ends inside the pixel data/)
    const one = { ...ATTRIBUTES, NumberOfFrames: '1' }
    const file = encodeP10({ transferSyntaxUID: RLELossless, attributes: one, pixelData: { frames: FRAMES } })
    assert.throws(() => parseP10(file.subarray(0, file.length - 8 - 308)), /ends inside the pixel data/)
  })

  test('is read where it is video, which has one fragment for all frames', () => {
    const video = encodeP10({
      transferSyntaxUID: '1.2.840.10008.1.2.4.102',
      attributes: { ...ATTRIBUTES, NumberOfFrames: '90' },
      pixelData: { frames: [FRAMES[0]!], offsetTable: 'empty' },
    })
    assert.deepEqual(toleratedIn(video.subarray(0, video.length - 8)), ['pixel-data-without-delimiter'])
  })
})

describe('a value representation of two blanks', () => {
  const sound = encodeP10({ transferSyntaxUID: ExplicitVRLittleEndian, attributes: ATTRIBUTES })
  const blanked = (tag: string) => {
    const bytes = Buffer.from(sound)
    bytes.write('  ', bytes.indexOf(hex(tag)) + 4)
    return parseP10(bytes)
  }

  test('is replaced by that of the dictionary, with a 16-bit length', () => {
    for (const tag of ['10002000 4c4f', '28001000 5553', '08001600 5549']) {
      const { dataSet, tolerated } = blanked(tag)
      assert.deepEqual([...tolerated], ['blank-vr'])
      assert.deepEqual(
        [dataSet.string('00100020'), dataSet.vr('00100020'), dataSet.number('00280010')],
        ['P1', 'LO', 2],
      )
    }
  })

  test('is read as UN where the element is private', () => {
    const { dataSet } = parseP10(Buffer.concat([sound, hex('01300110 2020 0400 01020304')]))
    assert.deepEqual([dataSet.vr('30011001'), dataSet.bytes('30011001')!.length], ['UN', 4])
  })

  test('is read in the first element of an item', () => {
    const item = 'feff00e0 0c000000 08005011 2020 0400 312e3200'
    const { dataSet } = parseP10(Buffer.concat([sound, hex(`00320010 53510000 14000000 ${item}`)]))
    assert.equal(dataSet.items('32001000')[0]!.string('00081150'), '1.2')
  })

  test('is refused where only one character is blank', () => {
    assert.throws(() => parseP10(Buffer.concat([sound, hex('00320010 2000 0000')])), /value representation/)
  })
})

describe('zeros after the data set', () => {
  for (const transferSyntaxUID of [ExplicitVRLittleEndian, '1.2.840.10008.1.2', '1.2.840.10008.1.2.2', RLELossless]) {
    test(`up to 512 of them are skipped in ${transferSyntaxUID}`, () => {
      const sound = encapsulated({ transferSyntaxUID })
      for (const zeros of [1, 2, 7, 8, 511, 512]) {
        const file = parseP10(Buffer.concat([sound, Buffer.alloc(zeros)]))
        assert.deepEqual([...file.tolerated], ['trailing-zeros'], `${zeros} zeros`)
        assert.deepEqual([...file.dataSet.tags()], [...parseP10(sound).dataSet.tags()])
      }
      assert.throws(() => parseP10(Buffer.concat([sound, Buffer.alloc(513)])), DicomError)
    })
  }

  test('are refused where other bytes follow', () => {
    assert.throws(() => parseP10(Buffer.concat([encapsulated(), Buffer.alloc(20), Uint8Array.of(1)])), DicomError)
  })
})
