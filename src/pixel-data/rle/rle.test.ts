/** The RLE codec with the example of the standard, with its own inverse, and with damaged segments (PS3.5 annex G). */

import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { DicomError } from '../../dicom/dicom-error.ts'
import { decodeRLEFrame, encodeRLEFrame } from './rle.ts'

const shapes = fc
  .record({
    rows: fc.integer({ min: 1, max: 6 }),
    columns: fc.integer({ min: 1, max: 300 }),
    samplesPerPixel: fc.constantFrom(1, 3),
    bitsAllocated: fc.constantFrom(8, 16, 32),
  })
  .chain((shape) => {
    const size = (shape.rows * shape.columns * shape.samplesPerPixel * shape.bitsAllocated) / 8
    const bytes = fc.uint8Array({ minLength: size, maxLength: size })
    const fewBytes = fc.array(fc.constantFrom(0, 0, 0, 255), { minLength: size, maxLength: size })
    return fc.record({
      shape: fc.constant(shape),
      pixels: fc.oneof(bytes, fewBytes.map(Uint8Array.from.bind(Uint8Array))),
    })
  })

describe('RLE Lossless', () => {
  test('a decoded frame is the frame that was encoded', () => {
    fc.assert(
      fc.property(shapes, ({ shape, pixels }) => {
        const frame = encodeRLEFrame(pixels, shape)
        assert.equal(frame.length % 2, 0)
        assert.deepEqual(decodeRLEFrame(frame, shape), pixels)
      }),
      { seed: 7, numRuns: 150 },
    )
  })

  test('a 16-bit pixel is written as two segments, its high byte first', () => {
    const shape = { rows: 1, columns: 3, samplesPerPixel: 1, bitsAllocated: 16 }
    const frame = encodeRLEFrame(Uint8Array.of(1, 9, 2, 9, 3, 9), shape)
    assert.deepEqual([...new Uint32Array(frame.buffer.slice(0, 16))], [2, 64, 66, 0])
    assert.deepEqual([...frame.subarray(64)], [254, 9, 2, 1, 2, 3])
  })

  test('a run ends with its row', () => {
    const shape = { rows: 2, columns: 4, samplesPerPixel: 1, bitsAllocated: 8 }
    assert.deepEqual([...encodeRLEFrame(new Uint8Array(8), shape).subarray(64)], [253, 0, 253, 0])
  })

  test('the no-operation code and trailing padding are skipped', () => {
    const shape = { rows: 1, columns: 2, samplesPerPixel: 1, bitsAllocated: 8 }
    const frame = new Uint8Array(70)
    frame.set([1, 0, 0, 0, 64], 0)
    frame.set([128, 1, 5, 6, 0, 0], 64)
    assert.deepEqual([...decodeRLEFrame(frame, shape)], [5, 6])
  })

  test('a damaged frame throws a DicomError, and is never decoded wrongly or endlessly', () => {
    const shape = { rows: 3, columns: 40, samplesPerPixel: 1, bitsAllocated: 16 }
    const whole = encodeRLEFrame(
      Uint8Array.from({ length: 240 }, (_, i) => (i * 37) % 251),
      shape,
    )
    for (let length = 0; length < whole.length - 1; length++) {
      assert.throws(() => decodeRLEFrame(whole.slice(0, length), shape), DicomError)
    }
    assert.throws(() => decodeRLEFrame(whole, { ...shape, bitsAllocated: 8 }), DicomError)
    assert.throws(() => decodeRLEFrame(whole, { ...shape, columns: 39 }), DicomError)
  })

  test('a frame damaged in any way is a frame of the same size or throws a DicomError', () => {
    const shape = { rows: 3, columns: 40, samplesPerPixel: 1, bitsAllocated: 16 }
    const cells = Uint8Array.from({ length: 240 }, (_, i) => (i * 37) % 251)
    const whole = encodeRLEFrame(cells, shape)
    const changes = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(changes, fc.nat(whole.length), (changes, cut) => {
        const broken = Uint8Array.from(whole)
        for (const [at, value] of changes) broken[at] = value
        try {
          assert.equal(decodeRLEFrame(cut % 2 === 0 ? broken : broken.subarray(0, cut), shape).length, 240)
        } catch (error) {
          assert.ok(error instanceof DicomError, String(error))
        }
      }),
      { numRuns: 5000, seed: 20260101 },
    )
  })
})
