/** Palettes from 8-bit, 16-bit and segmented tables. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { expandSegments, paletteOf } from './palette.ts'

const ofChannels = (make: (channel: string, index: number) => object): Record<string, unknown> =>
  Object.assign({}, ...['Red', 'Green', 'Blue'].map(make))

const palette = (descriptor: number[], tables: unknown[]) =>
  ofChannels((channel, index) => ({
    [`${channel}PaletteColorLookupTableDescriptor`]: descriptor,
    [`${channel}PaletteColorLookupTableData`]: tables[index],
  }))

const words = (...all: number[]) => Buffer.from(Uint16Array.from(all).buffer).toString('base64')

describe('a palette', () => {
  test('of 16 bits uses the high byte of each entry', () => {
    const given = palette([2, 5, 16], [words(0x1234, 0xff00), words(0x2000, 0x3000), words(0, 0xffff)])
    assert.deepEqual(paletteOf(given, { isSigned: false }), {
      first: 5,
      colours: Uint8Array.of(0x12, 0x20, 0, 0xff, 0x30, 0xff),
    })
  })

  test('of 8 bits has one or two entries per word', () => {
    const packed = palette([3, 0, 8], [words(0x0201, 0x0003), words(0x0504, 0x0006), words(0x0807, 0x0009)])
    const loose = palette([3, 0, 8], [[1, 2, 3], words(4, 5, 6), [7, 8, 9]])
    for (const given of [packed, loose]) {
      assert.deepEqual([...paletteOf(given, { isSigned: false })!.colours], [1, 4, 7, 2, 5, 8, 3, 6, 9])
    }
  })

  test('declared as 16 bits, but using the low byte only, is read as 8 bits', () => {
    const given = palette([2, 0, 16], [words(0, 200), words(0, 100), words(0, 255)])
    assert.deepEqual([...paletteOf(given, { isSigned: false })!.colours], [0, 0, 0, 200, 100, 255])
  })

  test('with a table that is too short is undefined', () => {
    assert.equal(paletteOf(palette([200, 0, 16], [[1], [1], [1]]), { isSigned: false }), undefined)
    assert.equal(paletteOf({}, { isSigned: false }), undefined)
  })

  test('can be segmented', () => {
    const segments = words(0, 1, 0, 1, 3, 0x3000)
    const given = ofChannels((channel) => ({
      [`${channel}PaletteColorLookupTableDescriptor`]: [4, 65_535, 16],
      [`Segmented${channel}PaletteColorLookupTableData`]: segments,
    }))
    const { first, colours } = paletteOf(given, { isSigned: true })!
    assert.equal(first, -1)
    assert.deepEqual([...colours], [0, 0, 0, 0x10, 0x10, 0x10, 0x20, 0x20, 0x20, 0x30, 0x30, 0x30])
  })
})

describe('segments', () => {
  test('are discrete, linear or indirect', () => {
    // Two values, a linear segment of two, and both segments again from byte 0.
    const given = [0, 2, 100, 200, 1, 2, 400, 2, 2, 0, 0]
    assert.deepEqual(expandSegments(given, { count: 8, bits: 16 }), [100, 200, 300, 400, 100, 200, 300, 400])
  })

  test('of 8-bit tables consist of bytes', () => {
    const bytes = [0, 2, 10, 20, 1, 2, 40, 2, 1, 4, 0, 0, 0, 0]
    const packed = Array.from({ length: bytes.length / 2 }, (_, at) => bytes[2 * at]! | (bytes[2 * at + 1]! << 8))
    assert.deepEqual(expandSegments(packed, { count: 6, bits: 8 }), [10, 20, 30, 40, 40, 40])
  })

  test('with nested indirection, a linear start, or missing data are invalid', () => {
    for (const given of [
      [2, 1, 0, 0],
      [1, 2, 400],
      [0, 9, 1],
      [7, 1, 1],
      [0, 1, 5],
    ]) {
      assert.equal(expandSegments(given, { count: 4, bits: 16 }), undefined, String(given))
    }
  })
})
