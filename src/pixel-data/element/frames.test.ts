import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { DicomError } from '../../dicom/dicom-error.ts'
import { encodeP10, RLELossless } from '../../dicom/encode.ts'
import { parseP10 } from '../../dicom/parse.ts'
import { PixelItemScan, scanPixelItems } from '../../dicom/pixel-items.ts'
import { extractEncapsulatedFrames, extractNativeFrames, type FrameExtraction, type NotExtracted } from './frames.ts'
import { type ImagePixel, readImagePixel } from './image-pixel.ts'

const PIXEL: ImagePixel = {
  rows: 3,
  columns: 5,
  samplesPerPixel: 1,
  bitsAllocated: 16,
  bitsStored: 12,
  highBit: 11,
  isSigned: false,
  isPlanar: false,
  photometricInterpretation: 'MONOCHROME2',
  numberOfFrames: 1,
}

const bytesOf = (bytes: Uint8Array, cut: FrameExtraction | NotExtracted): Uint8Array[] =>
  Array.from({ length: cut.count }, (_, index) =>
    Buffer.concat(
      (cut as FrameExtraction)
        .place(index)
        .ranges.map(({ offsetBytes, lengthBytes }) => bytes.subarray(offsetBytes, offsetBytes + lengthBytes)),
    ),
  )

/** Frames that begin as JPEG does and whose bytes identify them. */
const jpegLike = (sizes: readonly number[]): Uint8Array[] =>
  sizes.map((size, index) => {
    const frame = new Uint8Array(Math.max(4, size)).fill(index + 1)
    frame.set([0xff, 0xd8, 0xff, 0xe0])
    return frame
  })

interface Options {
  fragmentSizeBytes?: number
  offsetTable?: 'full' | 'empty'
}

function fileOf(frames: readonly Uint8Array[], options: Options = {}) {
  const bytes = encodeP10({
    transferSyntaxUID: RLELossless,
    attributes: { SOPClassUID: '1.2', SOPInstanceUID: '1.3', Rows: 1, Columns: 1, BitsAllocated: 8 },
    pixelData: { frames, ...options },
  })
  const file = parseP10(bytes)
  return { bytes, items: scanPixelItems(bytes, file.pixelData!.offsetBytes), place: file.pixelData! }
}

const withoutPad = (frames: readonly Uint8Array[]) =>
  frames.map((frame) => (frame.length % 2 === 0 ? frame : Buffer.concat([frame, Buffer.alloc(1)])))

describe('encapsulated pixel data', () => {
  test('is split by its basic offset table, by its fragments, or where codestreams begin', () => {
    const sizes = fc.array(fc.integer({ min: 4, max: 60 }), { minLength: 1, maxLength: 12 })
    const options = fc.record({
      fragmentSizeBytes: fc.constantFrom(2, 4, 6, 10, 1000),
      offsetTable: fc.constantFrom('full' as const, 'empty' as const),
    })
    fc.assert(
      fc.property(sizes, options, (sizes, options) => {
        const frames = jpegLike(sizes)
        // A codestream is recognised by its first four bytes.
        if (options.offsetTable === 'empty' && options.fragmentSizeBytes < 4) options.fragmentSizeBytes = 4
        const { bytes, items } = fileOf(frames, options)
        const cut = extractEncapsulatedFrames({ numberOfFrames: frames.length, items })
        assert.equal(cut.warning, undefined)
        assert.deepEqual(
          bytesOf(bytes, cut),
          withoutPad(frames).map((frame) => Buffer.from(frame)),
        )
      }),
    )
  })

  test('has the same items whatever the sizes of its chunks', () => {
    const { bytes, place, items } = fileOf(jpegLike([8, 30, 7, 100]), { fragmentSizeBytes: 10 })
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (pieces) => {
        const walk = new PixelItemScan({ offsetBytes: place.offsetBytes, skipBytes: place.offsetBytes })
        for (let at = 0, piece = 0; at < bytes.length; piece++) {
          const length = pieces[piece % pieces.length]!
          walk.take(bytes.subarray(at, at + length))
          at += length
        }
        assert.notEqual(walk.endsAt, undefined)
        assert.deepEqual(
          [walk.itemOffsets, walk.lengths, walk.beginnings],
          [items.itemOffsets, items.lengths, items.beginnings],
        )
        assert.deepEqual(walk.basicOffsetTable, items.basicOffsetTable)
      }),
    )
  })

  test('is split by its extended offset table, which has the length of each frame without padding', () => {
    const frames = jpegLike([9, 12, 5])
    const { bytes, items } = fileOf(frames, { offsetTable: 'empty' })
    const offsets = new BigUint64Array(items.itemOffsets.map((offset) => BigInt(offset - items.itemOffsets[0]!)))
    const lengths = new BigUint64Array([9n, 12n, 5n])
    const extended = { offsets: new Uint8Array(offsets.buffer), lengths: new Uint8Array(lengths.buffer) }
    const cut = extractEncapsulatedFrames({ numberOfFrames: 3, items, extended })
    assert.equal(cut.warning, undefined)
    assert.deepEqual(
      bytesOf(bytes, cut),
      frames.map((frame) => Buffer.from(frame)),
    )
    lengths[1] = 99n
    const broken = extractEncapsulatedFrames({ numberOfFrames: 3, items, extended })
    assert.equal(broken.warning?.type, 'InvalidOffsetTable')
    assert.equal(broken.count, 3)
  })

  test('with an invalid table is split by its fragments where possible, with a warning', () => {
    const frames = jpegLike([8, 8, 8])
    const told = fileOf(frames)
    new DataView(told.items.basicOffsetTable.buffer).setUint32(4, 15, true)
    const cut = extractEncapsulatedFrames({ numberOfFrames: 3, items: told.items })
    assert.equal(cut.warning?.type, 'InvalidOffsetTable')
    assert.deepEqual(
      bytesOf(told.bytes, cut),
      frames.map((frame) => Buffer.from(frame)),
    )
    const notListed = fileOf(
      frames.map((frame) => frame.fill(7)),
      { fragmentSizeBytes: 4 },
    )
    new DataView(notListed.items.basicOffsetTable.buffer).setUint32(4, 15, true)
    assert.deepEqual(extractEncapsulatedFrames({ numberOfFrames: 3, items: notListed.items }).count, 0)
  })

  test('with too few fragments, or more than can be assigned to frames, cannot be split', () => {
    const { items } = fileOf([new Uint8Array(8), new Uint8Array(8)], { offsetTable: 'empty' })
    assert.equal(extractEncapsulatedFrames({ numberOfFrames: 3, items }).warning?.type, 'FrameNumberMismatch')
    const many = fileOf([new Uint8Array(8), new Uint8Array(8), new Uint8Array(8)], { offsetTable: 'empty' })
    assert.equal(
      extractEncapsulatedFrames({ numberOfFrames: 2, items: many.items }).warning?.type,
      'FrameNumberMismatch',
    )
    const none = { basicOffsetTable: new Uint8Array(0), itemOffsets: [], lengths: [], beginnings: [] }
    assert.equal(extractEncapsulatedFrames({ numberOfFrames: 1, items: none }).warning?.type, 'FramesExtractionFailure')
  })

  test('that is a video is one object of all fragments', () => {
    const { bytes, items } = fileOf([new Uint8Array(8).fill(1), new Uint8Array(6).fill(2)], { offsetTable: 'empty' })
    const cut = extractEncapsulatedFrames({ numberOfFrames: 500, items, isVideo: true })
    assert.deepEqual(bytesOf(bytes, cut), [Buffer.from([1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2])])
  })

  test('frames lie inside the fragments, whatever the offset tables contain', () => {
    const { items } = fileOf(jpegLike([8, 8, 20, 4]), { fragmentSizeBytes: 8 })
    const table = fc.oneof(
      fc.uint8Array({ maxLength: 40 }),
      fc
        .array(fc.constantFrom(0, 16, 32, 48, 60, 64, 0xffffffff), { maxLength: 6 })
        .map((offsets) => new Uint8Array(new Uint32Array(offsets).buffer)),
    )
    const wide = fc.oneof(
      fc.uint8Array({ maxLength: 64 }),
      fc
        .array(fc.constantFrom(0n, 16n, 32n, 48n, 2n ** 63n), { maxLength: 6 })
        .map((offsets) => new Uint8Array(new BigUint64Array(offsets).buffer)),
    )
    fc.assert(
      fc.property(
        table,
        wide,
        fc.option(wide),
        fc.integer({ min: 1, max: 6 }),
        (basicOffsetTable, offsets, lengths, numberOfFrames) => {
          const extended = { offsets, lengths: lengths ?? undefined }
          const cut = extractEncapsulatedFrames({
            numberOfFrames,
            items: {
              ...items,
              itemOffsets: items.itemOffsets,
              lengths: items.lengths,
              beginnings: items.beginnings,
              basicOffsetTable,
            },
            extended,
          })
          for (let index = 0; index < cut.count; index++) {
            const { ranges } = (cut as FrameExtraction).place(index)
            assert.ok(ranges.length > 0)
            for (const { offsetBytes, lengthBytes } of ranges) {
              const fragment = items.itemOffsets.indexOf(offsetBytes - 8)
              assert.ok(fragment >= 0 && lengthBytes <= items.lengths[fragment]!)
            }
          }
        },
      ),
      { numRuns: 2000 },
    )
  })

  test('that is damaged anywhere throws a DicomError or has other items, never more than fit into the bytes', () => {
    const { bytes, place } = fileOf(jpegLike([8, 30, 7]), { fragmentSizeBytes: 10 })
    const value = bytes.subarray(place.offsetBytes)
    fc.assert(
      fc.property(
        fc.nat(value.length - 1),
        fc.uint8Array({ minLength: 1, maxLength: 8 }),
        fc.nat(value.length),
        (at, by, end) => {
          const broken = Buffer.from(value)
          broken.set(by.subarray(0, value.length - at), at)
          try {
            const { lengths } = scanPixelItems(broken.subarray(0, end), 0)
            assert.ok(lengths.reduce((sum, length) => sum + length + 8, 0) <= end)
          } catch (error) {
            assert.ok(error instanceof DicomError, String(error))
          }
        },
      ),
      { numRuns: 5000 },
    )
  })
})

describe('native pixel data', () => {
  test('is split into frames of equal length', () => {
    const cut = extractNativeFrames({ ...PIXEL, numberOfFrames: 4 }, { offsetBytes: 100, lengthBytes: 120 })
    assert.equal(cut.warning, undefined)
    assert.deepEqual((cut as FrameExtraction).place(3), {
      ranges: [{ offsetBytes: 190, lengthBytes: 30 }],
      firstBit: 0,
    })
  })

  test('of single bits continues in the middle of a byte', () => {
    const cut = extractNativeFrames(
      { ...PIXEL, bitsAllocated: 1, numberOfFrames: 2 },
      { offsetBytes: 0, lengthBytes: 4 },
    )
    assert.deepEqual((cut as FrameExtraction).place(1), { ranges: [{ offsetBytes: 1, lengthBytes: 3 }], firstBit: 7 })
  })

  test('of YBR_FULL_422 has two samples per pixel', () => {
    const pixel = {
      ...PIXEL,
      columns: 4,
      samplesPerPixel: 3,
      bitsAllocated: 8,
      photometricInterpretation: 'YBR_FULL_422',
    }
    const cut = extractNativeFrames({ ...pixel, numberOfFrames: 2 }, { offsetBytes: 0, lengthBytes: 48 })
    assert.deepEqual((cut as FrameExtraction).place(1).ranges, [{ offsetBytes: 24, lengthBytes: 24 }])
  })

  test('that is shorter or much longer than its frames has a warning', () => {
    assert.equal(
      extractNativeFrames({ ...PIXEL, numberOfFrames: 4 }, { offsetBytes: 0, lengthBytes: 90 }).warning?.type,
      'FrameNumberMismatch',
    )
    assert.equal(
      extractNativeFrames(PIXEL, { offsetBytes: 0, lengthBytes: 28 }).warning?.type,
      'FramesExtractionFailure',
    )
    const long = extractNativeFrames(PIXEL, { offsetBytes: 0, lengthBytes: 60 })
    assert.deepEqual([long.count, long.warning?.type], [1, 'FrameNumberMismatch'])
  })
})

describe('the image pixel module', () => {
  const dataSet = (attributes: Record<string, string | number>) =>
    parseP10(
      encodeP10({
        transferSyntaxUID: '1.2.840.10008.1.2.1',
        attributes: { SOPClassUID: '1.2', Rows: 2, Columns: 2, BitsAllocated: 16, ...attributes },
      }),
    ).dataSet

  test('has defaults for optional attributes', () => {
    const pixel = readImagePixel(dataSet({ NumberOfFrames: '7' }))
    assert.deepEqual(
      [pixel.bitsStored, pixel.highBit, pixel.samplesPerPixel, pixel.numberOfFrames, pixel.isSigned],
      [16, 15, 1, 7, false],
    )
  })

  test('that is invalid throws a DicomError', () => {
    const wrong = [
      { Rows: 0 },
      { BitsAllocated: 12 },
      { BitsStored: 17 },
      { HighBit: 3, BitsStored: 12 },
      { NumberOfFrames: '-1' },
      { NumberOfFrames: '1.5' },
      { NumberOfFrames: '99999999' },
      { SamplesPerPixel: 9 },
      { Rows: 65535, Columns: 65535 },
    ]
    for (const attributes of wrong) assert.throws(() => readImagePixel(dataSet(attributes)), DicomError)
  })
})
