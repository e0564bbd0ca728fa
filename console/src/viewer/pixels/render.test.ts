/** Rendering of all kinds of grayscale and color images, compared with values computed by hand. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { decodedOf, imageOf } from '../viewer.fixture.ts'
import { type DisplaySettings, render, type Voi, windowOf } from './render.ts'
import { pixelFormatOf, samplesOf, storedValueReader } from './stored-values.ts'

const STORED: DisplaySettings = { voi: { kind: 'stored' }, isInverted: false }
const window = (center: number, width: number): Voi => ({ kind: 'window', window: { center, width } })
const IDENTITY: DisplaySettings = { voi: window(128, 256), isInverted: false }

/** The gray level of each pixel, after checking that it is gray and opaque. */
function greys(pixels: Uint8ClampedArray): number[] {
  const all = [...pixels]
  return all
    .filter((_, at) => at % 4 === 0)
    .map((red, at) => {
      assert.deepEqual(all.slice(4 * at, 4 * at + 4), [red, red, red, 255])
      return red
    })
}

const colours = (pixels: Uint8ClampedArray) =>
  Array.from({ length: pixels.length / 4 }, (_, at) => [...pixels.slice(4 * at, 4 * at + 3)])

describe('grayscale', () => {
  const decoded = decodedOf(Uint16Array.of(0, 64, 255, 4095))

  test('is rendered with its window', () => {
    assert.deepEqual(greys(render(imageOf(), { decoded, settings: IDENTITY })), [0, 64, 255, 255])
  })

  test('MONOCHROME1 shows low values as white, and inverting reverses it', () => {
    const image = imageOf({ PhotometricInterpretation: 'MONOCHROME1' })
    const inverted = { ...IDENTITY, isInverted: true }
    assert.deepEqual(greys(render(image, { decoded, settings: IDENTITY })), [255, 191, 0, 0])
    assert.deepEqual(greys(render(image, { decoded, settings: inverted })), [0, 64, 255, 255])
    assert.deepEqual(greys(render(imageOf(), { decoded, settings: inverted })), [255, 191, 0, 0])
  })

  test('the sign of 12-bit values is the highest stored bit', () => {
    const image = imageOf({ PixelRepresentation: 1 })
    const cells = decodedOf(Uint16Array.of(0x0fff, 0xffff, 0x0001, 0x0800, 0x07ff))
    const settings: DisplaySettings = { voi: window(0.5, 256), isInverted: false }
    // -1, -1, 1, -2048 and 2047, with 0 at 127.5.
    assert.deepEqual(greys(render(image, { decoded: cells, settings })), [127, 127, 129, 0, 255])
  })

  test('overlay bits above the stored bits are ignored', () => {
    const cells = decodedOf(Uint16Array.of(0x8040, 0x0040))
    assert.deepEqual(greys(render(imageOf(), { decoded: cells, settings: IDENTITY })), [64, 64])
  })

  test('slope and intercept are applied before the window', () => {
    const image = imageOf({
      RescaleSlope: '1',
      RescaleIntercept: '-1024',
      WindowCenter: ['-768'],
      WindowWidth: ['512'],
    })
    const cells = decodedOf(Uint16Array.of(0, 256, 511, 1024))
    // c=-768 w=512 covers the stored values 0 to 511.
    assert.deepEqual(greys(render(image, { decoded: cells, settings: STORED })), [0, 128, 255, 255])
  })

  test('without a window shows the full range, from the minimum and maximum of the document', () => {
    const image = imageOf({}, [100, 300])
    const cells = decodedOf(Uint16Array.of(100, 200, 300))
    assert.deepEqual(greys(render(image, { decoded: cells, settings: STORED })), [0, 128, 255])
    assert.deepEqual(windowOf(image, { decoded: cells, voi: { kind: 'stored' } }), { center: 200.5, width: 201 })
  })

  test('padding is black and not part of the full range', () => {
    const image = imageOf({ PixelPaddingValue: 0, PixelPaddingRangeLimit: 9 }, [0, 300])
    const cells = decodedOf(Uint16Array.of(0, 9, 100, 300))
    assert.deepEqual(greys(render(image, { decoded: cells, settings: STORED })), [0, 0, 0, 255])
    assert.deepEqual(
      greys(render(image, { decoded: cells, settings: { ...STORED, isInverted: true } })),
      [0, 0, 255, 0],
    )
  })

  test('the padding value of signed pixels can be unsigned', () => {
    const image = imageOf(
      { PixelRepresentation: 1, BitsStored: 16, HighBit: 15, PixelPaddingValue: 63_536 },
      [-2000, 9],
    )
    const cells = decodedOf(Uint16Array.of(63_536, 0, 9))
    assert.deepEqual(greys(render(image, { decoded: cells, settings: { ...STORED, isInverted: true } })), [0, 255, 0])
  })

  test('a VOI LUT table of the document is the default, until a window is chosen', () => {
    const image = imageOf({ VOILUTSequence: [{ LUTDescriptor: [3, 0, 8], LUTData: [255, 7, 0] }] }, [0, 2])
    const cells = decodedOf(Uint16Array.of(0, 1, 2))
    assert.deepEqual(greys(render(image, { decoded: cells, settings: STORED })), [255, 7, 0])
    assert.deepEqual(
      greys(render(image, { decoded: cells, settings: { ...STORED, voi: { kind: 'full' } } })),
      [0, 128, 255],
    )
  })

  test('32-bit and floating-point values are rendered without a table', () => {
    const wide = imageOf(
      { BitsAllocated: 32, BitsStored: 32, HighBit: 31, PixelRepresentation: 1 },
      [-1_000_000, 1_000_000],
    )
    const cells = decodedOf(Uint32Array.of(-1_000_000 >>> 0, 0, 1_000_000))
    assert.deepEqual(greys(render(wide, { decoded: cells, settings: STORED })), [0, 128, 255])
    const { BitsStored, HighBit, PixelRepresentation } = {} as Record<string, undefined>
    const float = imageOf({
      ...{ BitsAllocated: 32, BitsStored, HighBit, PixelRepresentation, VOILUTFunction: 'LINEAR_EXACT' },
    })
    assert.equal(pixelFormatOf(float).isFloat, true)
    const values = decodedOf(Float32Array.of(0.25, 0.5, 0.75))
    assert.deepEqual(greys(render(float, { decoded: values, settings: STORED })), [0, 128, 255])
  })
})

describe('color', () => {
  const byte = { SamplesPerPixel: 3, BitsAllocated: 8, BitsStored: 8, HighBit: 7 }
  const three = { samplesPerPixel: 3 }

  test('RGB is unchanged', () => {
    const image = imageOf({ ...byte, PhotometricInterpretation: 'RGB' })
    const decoded = decodedOf(Uint8Array.of(1, 2, 3, 250, 128, 0), three)
    assert.deepEqual(colours(render(image, { decoded, settings: STORED })), [
      [1, 2, 3],
      [250, 128, 0],
    ])
    assert.deepEqual(colours(render(image, { decoded, settings: { ...STORED, isInverted: true } })), [
      [254, 253, 252],
      [5, 127, 255],
    ])
  })

  test('YBR_FULL is converted to RGB', () => {
    const image = imageOf({ ...byte, PhotometricInterpretation: 'YBR_FULL' })
    // White, black, red, green and blue by the equations of PS3.3 C.7.6.3.1.2.
    const ybr = [
      [255, 128, 128],
      [0, 128, 128],
      [76, 85, 255],
      [150, 44, 21],
      [29, 255, 107],
    ]
    const rgb = colours(render(image, { decoded: decodedOf(Uint8Array.from(ybr.flat()), three), settings: STORED }))
    const expected = [
      [255, 255, 255],
      [0, 0, 0],
      [255, 0, 0],
      [0, 255, 0],
      [0, 0, 255],
    ]
    rgb.forEach((colour, at) => {
      colour.forEach((part, channel) => {
        assert.ok(Math.abs(part - expected[at]![channel]!) <= 2, `${colour} for ${expected[at]}`)
      })
    })
  })

  test('the color space of the stored frame takes precedence over the instance', () => {
    const image = imageOf({ ...byte, PhotometricInterpretation: 'YBR_FULL_422' })
    const decoded = decodedOf(Uint8Array.of(10, 200, 30), { ...three, colour: 'RGB' })
    assert.deepEqual(colours(render(image, { decoded, settings: STORED })), [[10, 200, 30]])
  })

  test('YBR_PARTIAL_422 has the partial range also in a stored frame that declares YBR', () => {
    const image = imageOf({ ...byte, PhotometricInterpretation: 'YBR_PARTIAL_422' })
    const decoded = decodedOf(Uint8Array.of(16, 128, 128, 235, 128, 128), { ...three, colour: 'YBR' })
    assert.deepEqual(colours(render(image, { decoded, settings: STORED })), [
      [0, 0, 0],
      [255, 255, 255],
    ])
  })

  test('more than 8 bits are scaled to bytes', () => {
    const image = imageOf({
      SamplesPerPixel: 3,
      BitsAllocated: 16,
      BitsStored: 12,
      PhotometricInterpretation: 'RGB',
    })
    const decoded = decodedOf(Uint16Array.of(4095, 2048, 0), three)
    assert.deepEqual(colours(render(image, { decoded, settings: STORED })), [[255, 128, 0]])
  })

  test('a palette clamps values beyond its ends', () => {
    const table = (name: string, data: number[]) => ({
      [`${name}PaletteColorLookupTableDescriptor`]: [2, 3, 8],
      [`${name}PaletteColorLookupTableData`]: data,
    })
    const image = imageOf({
      ...{ BitsAllocated: 8, BitsStored: 8, HighBit: 7, PhotometricInterpretation: 'PALETTE COLOR' },
      ...table('Red', [10, 40]),
      ...table('Green', [20, 50]),
      ...table('Blue', [30, 60]),
    })
    const decoded = decodedOf(Uint8Array.of(0, 3, 4, 255))
    assert.deepEqual(colours(render(image, { decoded, settings: STORED })), [
      [10, 20, 30],
      [10, 20, 30],
      [40, 50, 60],
      [40, 50, 60],
    ])
  })
})

describe('cells', () => {
  test('single bits start with the low bit of the first byte', () => {
    const format = pixelFormatOf(imageOf({ Rows: 2, Columns: 5, BitsAllocated: 1, BitsStored: 1, HighBit: 0 }))
    assert.deepEqual([...samplesOf(Uint8Array.of(0b1000_0101, 0b10), format)], [1, 0, 1, 0, 0, 0, 0, 1, 0, 1])
  })

  test('are little endian, and too few bytes are an error', () => {
    const format = pixelFormatOf(imageOf({ Rows: 1, Columns: 2 }))
    assert.deepEqual([...samplesOf(Uint8Array.of(1, 2, 3, 4), format)], [0x0201, 0x0403])
    assert.throws(() => samplesOf(Uint8Array.of(1, 2, 3), format), RangeError)
  })

  test('of 32 bits can be signed', () => {
    const format = pixelFormatOf(imageOf({ BitsAllocated: 32, BitsStored: 24, HighBit: 23, PixelRepresentation: 1 }))
    assert.deepEqual([0xff_ffff, 0x80_0000, 5, 0xff00_0005].map(storedValueReader(format)), [-1, -0x80_0000, 5, 5])
  })
})
