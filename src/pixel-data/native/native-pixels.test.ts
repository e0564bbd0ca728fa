import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { DicomError } from '../../dicom/dicom-error.ts'
import type { ImagePixel } from '../element/image-pixel.ts'
import { alignBits, packBits, unpackNativeFrame } from './native-pixels.ts'
import { measurePixels } from './pixel-values.ts'

const pixelOf = (given: Partial<ImagePixel>): ImagePixel => ({
  rows: 1,
  columns: 2,
  samplesPerPixel: 1,
  bitsAllocated: 8,
  bitsStored: given.bitsAllocated ?? 8,
  highBit: (given.bitsStored ?? given.bitsAllocated ?? 8) - 1,
  isSigned: false,
  isPlanar: false,
  photometricInterpretation: 'MONOCHROME2',
  numberOfFrames: 1,
  ...given,
})
const LITTLE = { firstBit: 0, littleEndian: true }
const unpack = (bytes: number[], given: Partial<ImagePixel>, layout = LITTLE) => [
  ...unpackNativeFrame(Uint8Array.from(bytes), pixelOf(given), layout),
]

test('cells of a big endian file are converted to little endian', () => {
  const layout = { firstBit: 0, littleEndian: false }
  assert.deepEqual(unpack([1, 2, 3, 4], { bitsAllocated: 16 }, layout), [2, 1, 4, 3])
  assert.deepEqual(unpack([1, 2, 3, 4, 5, 6, 7, 8], { bitsAllocated: 32 }, layout), [4, 3, 2, 1, 8, 7, 6, 5])
})

test('planes are converted to pixels', () => {
  const colour = { samplesPerPixel: 3, isPlanar: true }
  assert.deepEqual(unpack([1, 2, 3, 4, 5, 6], colour), [1, 3, 5, 2, 4, 6])
  const wide = [1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0]
  assert.deepEqual(unpack(wide, { ...colour, bitsAllocated: 16 }), [1, 0, 3, 0, 5, 0, 2, 0, 4, 0, 6, 0])
})

test('chroma that two pixels share is copied to both', () => {
  const given = { samplesPerPixel: 3, photometricInterpretation: 'YBR_FULL_422' }
  assert.deepEqual(unpack([10, 20, 30, 40], given), [10, 30, 40, 20, 30, 40])
})

test('single bits are unpacked or aligned, wherever in a byte their frame begins', () => {
  fc.assert(
    fc.property(fc.array(fc.boolean(), { minLength: 1, maxLength: 70 }), fc.nat(7), (bits, firstBit) => {
      const packed = new Uint8Array(Math.ceil((firstBit + bits.length) / 8)).fill(0)
      packed[0]! |= (1 << firstBit) - 1
      bits.forEach((bit, index) => {
        const at = firstBit + index
        if (bit) packed[at >> 3]! |= 1 << (at & 7)
      })
      const pixel = pixelOf({ bitsAllocated: 1, columns: bits.length })
      assert.deepEqual([...unpackNativeFrame(packed, pixel, { firstBit, littleEndian: true })], bits.map(Number))
      const aligned = alignBits(packed, pixel, firstBit)
      assert.equal(aligned.length, Math.ceil(bits.length / 8))
      assert.deepEqual([...unpackNativeFrame(aligned, pixel, LITTLE)], bits.map(Number))
      const unused = aligned.length * 8 - bits.length
      assert.equal(aligned.at(-1)! >> (8 - unused), 0)
    }),
  )
})

test('a frame of the wrong length throws a DicomError', () => {
  const given: Partial<ImagePixel>[] = [
    { bitsAllocated: 16 },
    { bitsAllocated: 1, columns: 33 },
    { samplesPerPixel: 3, photometricInterpretation: 'YBR_FULL_422' },
    { samplesPerPixel: 3, photometricInterpretation: 'YBR_FULL_422', columns: 3 },
  ]
  for (const pixel of given) assert.throws(() => unpack([1, 2, 3], pixel), DicomError)
})

test('the least and the greatest stored value are found for every cell size', () => {
  const measure = (cells: ArrayBufferView, given: Partial<ImagePixel>) =>
    measurePixels(new Uint8Array(cells.buffer, cells.byteOffset, cells.byteLength), pixelOf(given))
  assert.deepEqual(measure(Uint8Array.of(3, 200), {}), { min: 3, max: 200, precision: 8 })
  assert.deepEqual(measure(Int8Array.of(-3, 100), { isSigned: true }), { min: -3, max: 100, precision: 8 })
  const twelve = { bitsAllocated: 16, bitsStored: 12 }
  assert.deepEqual(measure(Uint16Array.of(4095, 0), twelve), { min: 0, max: 4095, precision: 12 })
  assert.deepEqual(measure(Int16Array.of(-2048, 2047), { ...twelve, isSigned: true }), {
    min: -2048,
    max: 2047,
    precision: 12,
  })
  assert.deepEqual(measure(Int32Array.of(-70_000, 5), { bitsAllocated: 32, isSigned: true }), {
    min: -70_000,
    max: 5,
    precision: 32,
  })
})

test('bits outside the stored bits are not part of the value, and make the precision that of the cell', () => {
  const measure = (values: number[], given: Partial<ImagePixel>) =>
    measurePixels(
      new Uint8Array(Uint16Array.from(values).buffer),
      pixelOf({ bitsAllocated: 16, bitsStored: 12, ...given }),
    )
  // An overlay above, a sign that was not extended, values in the upper bits.
  assert.deepEqual(measure([0x8005, 0x0007], { highBit: 11 }), { min: 5, max: 7, precision: 16 })
  assert.deepEqual(measure([0x0fff, 0x0001], { highBit: 11, isSigned: true }), { min: -1, max: 1, precision: 16 })
  assert.deepEqual(measure([0x0050, 0x0070], { highBit: 15 }).max, 7)
})

test('single bits that were unpacked frame by frame are packed into the same bytes again', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 20 }), fc.uint8Array({ minLength: 1, maxLength: 30 }), (columns, bytes) => {
      const frames = Math.floor((bytes.length * 8) / columns)
      const packer = packBits()
      const packed: number[] = []
      for (let frame = 0; frame < frames; frame++) {
        const bit = frame * columns
        const layout = { firstBit: bit % 8, littleEndian: true }
        const cells = unpackNativeFrame(bytes.subarray(bit >> 3), pixelOf({ columns, bitsAllocated: 1 }), layout)
        packed.push(...packer.add(cells))
      }
      packed.push(...packer.end())
      const bits = frames * columns
      const expected = [...bytes.subarray(0, Math.ceil(bits / 8))]
      if (bits % 8 !== 0) expected[expected.length - 1]! &= (1 << (bits % 8)) - 1
      assert.deepEqual(packed, expected)
    }),
    { seed: 20260101, numRuns: 500 },
  )
})
