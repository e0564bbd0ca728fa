/** The parts of rendering that no other program judges: functional groups, segmented palettes, scaling, floating point, and odd attributes. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Attributes } from '../../dicom/encode.ts'
import { attributesOf, pixelOf } from '../frames.fixture.ts'
import { greyValuesOf, windowFunction } from './grey.ts'
import { displayPartOf, readDisplay } from './read-display.ts'
import type { GreyDisplay, Rendering } from './rendering.ts'
import { fitted, scaled } from './scale.ts'

const displayOf = (attributes: Attributes, { pixel = pixelOf(), frameNumber = 1 } = {}) =>
  readDisplay(displayPartOf({ ...attributesOf(pixel), ...attributes }, frameNumber))

const greyOf = (attributes: Attributes, options?: Parameters<typeof displayOf>[1]): GreyDisplay => {
  const { display } = displayOf(attributes, options)
  assert.ok(display.kind === 'grey')
  return display
}

const PLAIN: GreyDisplay = {
  ...{ kind: 'grey', modality: { slope: 1, intercept: 0 }, voi: undefined, isInverted: false, padding: undefined },
}

describe('windows', () => {
  const bytes = (values: readonly number[], ...window: Parameters<typeof windowFunction>) =>
    values.map((value) => Math.round(Math.max(0, Math.min(1, windowFunction(...window)(value))) * 255))

  test('have the values of the examples of PS3.3 C.11.2.1.2', () => {
    // C = 2048, W = 4096: all below 0 is black, and 4095 is white.
    assert.deepEqual(bytes([-1, 0, 4095, 5000], { center: 2048, width: 4096, function: 'LINEAR' }), [0, 0, 255, 255])
    // C = 0, W = 100: from -50 to 49.
    assert.deepEqual(bytes([-50, 49], { center: 0, width: 100, function: 'LINEAR' }), [0, 255])
    // C = 0, W = 1: a threshold between -1 and 0.
    assert.deepEqual(bytes([-1, 0], { center: 0, width: 1, function: 'LINEAR' }), [0, 255])
    // LINEAR_EXACT: the window begins at C - W / 2, and its centre is the middle.
    assert.deepEqual(bytes([-50, 0, 50], { center: 0, width: 100, function: 'LINEAR_EXACT' }), [0, 128, 255])
    assert.deepEqual(bytes([0], { center: 0, width: 100, function: 'SIGMOID' }), [128])
  })
})

describe('what attributes say of display', () => {
  const group = (slope: string, center: string): Attributes => ({
    PixelValueTransformationSequence: [{ RescaleSlope: slope, RescaleIntercept: '-7', RescaleType: 'US' }],
    FrameVOILUTSequence: [{ WindowCenter: center, WindowWidth: '10' }],
  })

  test('a frame has its own group, then the shared one, then the data set', () => {
    const root: Attributes = { RescaleSlope: '9', WindowCenter: '9', WindowWidth: '9' }
    const shared: Attributes = { ...root, SharedFunctionalGroupsSequence: [group('2', '20')] }
    const all: Attributes = { ...shared, PerFrameFunctionalGroupsSequence: [group('3', '30'), group('4', '40'), {}] }
    const shown = (attributes: Attributes, frameNumber: number) => {
      const { modality, voi } = greyOf(attributes, { frameNumber })
      return [(modality as { slope: number }).slope, (voi as { center: number }).center]
    }
    assert.deepEqual(shown(root, 1), [9, 9])
    assert.deepEqual(shown(shared, 1), [2, 20])
    assert.deepEqual(
      [1, 2, 3].map((number) => shown(all, number)),
      [
        [3, 30],
        [4, 40],
        [2, 20],
      ],
    )
  })

  test('a window without a legal width is none, and a slope of 0 is 1', () => {
    for (const width of ['0', '-5', '', '0.5']) {
      assert.equal(greyOf({ WindowCenter: '10', WindowWidth: width }).voi, undefined, width)
    }
    assert.notEqual(greyOf({ WindowCenter: '1', WindowWidth: '0.5', VOILUTFunction: 'LINEAR_EXACT' }).voi, undefined)
    assert.deepEqual(greyOf({ RescaleSlope: '0', RescaleIntercept: '0' }).modality, { slope: 1, intercept: 0 })
  })

  test('pixels that are not square have an aspect', () => {
    assert.equal(displayOf({ PixelAspectRatio: ['4', '3'] }).aspect, 4 / 3)
    assert.equal(displayOf({ PixelSpacing: ['1.0', '0.5'] }).aspect, 2)
    assert.equal(displayOf({ PixelSpacing: ['0.50001', '0.5'] }).aspect, 1)
    assert.equal(displayOf({ PixelSpacing: ['0', '0.5'] }).aspect, 1)
    const measures: Attributes = { PixelMeasuresSequence: [{ PixelSpacing: ['3', '1'] }] }
    assert.equal(displayOf({ SharedFunctionalGroupsSequence: [measures] }).aspect, 3)
  })

  test('a segmented palette is expanded, and one that is not whole is refused', () => {
    const pixel = pixelOf({ bitsAllocated: 8, photometricInterpretation: 'PALETTE COLOR' })
    // Two values, then six on a line to 700, then both segments again from the offset 0.
    const segments = [0, 2, 10, 100, 1, 6, 700, 2, 2, 0, 0]
    const expanded = [10, 100, 200, 300, 400, 500, 600, 700]
    const palette = (words: readonly number[]): Attributes =>
      Object.fromEntries(
        ['Red', 'Green', 'Blue'].flatMap((colour) => [
          [`${colour}PaletteColorLookupTableDescriptor`, { vr: 'US', value: [16, 0, 16] }],
          [
            `Segmented${colour}PaletteColorLookupTableData`,
            { vr: 'OW', value: new Uint8Array(Uint16Array.from(words).buffer) },
          ],
        ]),
      )
    const { display } = displayOf(palette(segments), { pixel })
    assert.ok(display.kind === 'palette')
    assert.deepEqual([...display.red.values], [...expanded, ...expanded])
    for (const broken of [segments.slice(0, 7), [1, 6, 700], [2, 2, 0, 0], [9, 9], [0, 60_000], [2, 60_000, 0, 0]]) {
      assert.throws(() => displayOf(palette(broken), { pixel }), /palette/, String(broken))
    }
    assert.throws(() => displayOf({}, { pixel }), /palette/)
  })
})

describe('grey values', () => {
  const greys = (cells: Uint8Array, given: Partial<Parameters<typeof greyValuesOf>[1]>) => {
    const pixel = given.pixel ?? pixelOf()
    const values = greyValuesOf(cells, { pixel, display: PLAIN, isFloat: false, ...given })
    const into = new Uint8Array(cells.length / (pixel.bitsAllocated / 8))
    values({ from: 0, count: into.length }, into)
    return [...into]
  }
  const words = (...values: number[]) => new Uint8Array(Uint16Array.from(values).buffer)

  test('without a window are stretched to the values of the frame, of more than 8 bits', () => {
    assert.deepEqual(greys(words(1000, 1500, 2000), {}), [0, 128, 255])
    assert.deepEqual(greys(Uint8Array.of(10, 20, 255), { pixel: pixelOf({ bitsAllocated: 8 }) }), [10, 20, 255])
    assert.deepEqual(greys(words(7, 7), {}), [0, 0], 'a frame of one value is black')
    const padding = { from: 60_000, to: 65_535 }
    assert.deepEqual(greys(words(1000, 1500, 2000, 65_535), { display: { ...PLAIN, padding } }), [0, 128, 255, 255])
  })

  test('of floating point and of 32 bits', () => {
    const float = new Uint8Array(Float32Array.of(-1, 0, 1, Number.NaN, Number.POSITIVE_INFINITY).buffer)
    assert.deepEqual(greys(float, { pixel: pixelOf({ bitsAllocated: 32 }), isFloat: true }), [0, 128, 255, 0, 255])
    const double = new Uint8Array(Float64Array.of(-1e300, 0, 1e300).buffer)
    assert.deepEqual(greys(double, { pixel: pixelOf({ bitsAllocated: 64 }), isFloat: true }), [0, 128, 255])
    const long = new Uint8Array(Int32Array.of(-1_000_000, 0, 1_000_000).buffer)
    assert.deepEqual(greys(long, { pixel: pixelOf({ bitsAllocated: 32, isSigned: true }) }), [0, 128, 255])
  })

  test('of single bits are black and white', () => {
    const pixel = pixelOf({ bitsAllocated: 1 })
    const values = greyValuesOf(Uint8Array.of(0, 1, 1), { pixel, display: PLAIN, isFloat: false })
    const into = new Uint8Array(3)
    values({ from: 0, count: 3 }, into)
    assert.deepEqual([...into], [0, 255, 255])
  })
})

describe('scaling', () => {
  const scale = (
    image: readonly (readonly number[])[],
    given: Partial<Rendering> & Pick<Rendering, 'columns' | 'rows'>,
  ) => {
    const [rows, columns] = [image.length, image[0]!.length]
    const rendering = {
      ...{ region: { left: 0, top: 0, width: columns, height: rows }, display: PLAIN, isFloat: false, quality: 1 },
      ...{ isFlippedHorizontally: false, isFlippedVertically: false, mediaType: 'image/png' as const, ...given },
    } satisfies Rendering
    const lines: Parameters<typeof scaled>[0] = (line, { from, count }, into) => {
      assert.ok(line >= 0 && line < rows && from >= 0 && from + count <= columns)
      into.set(image[line]!.slice(from, from + count))
    }
    const samples = scaled(lines, { rows, columns, samplesPerPixel: 1 }, rendering)
    return Array.from({ length: given.rows }, (_, row) => [
      ...samples.subarray(row * given.columns, (row + 1) * given.columns),
    ])
  }
  const STEPS = [
    [0, 100, 200, 40],
    [20, 120, 220, 60],
  ]

  test('smaller pixels are the mean of those that they cover', () => {
    assert.deepEqual(scale(STEPS, { columns: 2, rows: 1 }), [[60, 130]])
    assert.deepEqual(scale([[0, 90, 180]], { columns: 2, rows: 1 }), [[30, 150]])
    assert.deepEqual(scale(STEPS, { columns: 2, rows: 1, isFlippedHorizontally: true }), [[130, 60]])
  })

  test('larger pixels are interpolated within the region', () => {
    assert.deepEqual(scale([[0, 100]], { columns: 4, rows: 1 }), [[0, 25, 75, 100]])
    const region = { left: 1, top: 0, width: 1, height: 1 }
    assert.deepEqual(scale(STEPS, { columns: 2, rows: 2, region }), [
      [100, 100],
      [100, 100],
    ])
    assert.deepEqual(scale([[0], [100]], { columns: 1, rows: 4, isFlippedVertically: true }), [[100], [75], [25], [0]])
  })

  test('any region of any frame can be scaled to any size', () => {
    const image = Array.from({ length: 7 }, () => Array.from({ length: 5 }, () => 77))
    let tried = 0
    for (const [left, width] of [
      [0, 5],
      [0.3, 4.7],
      [4.9, 0.1],
      [2, 1],
      [1.5, 2.25],
    ] as const) {
      for (const [top, height] of [
        [0, 7],
        [6.5, 0.5],
        [0.01, 6.98],
      ] as const) {
        for (const columns of [1, 2, 5, 9]) {
          for (const rows of [1, 3, 7, 20]) {
            const found = scale(image, { columns, rows, region: { left, top, width, height } })
            assert.ok(
              found.flat().every((value) => value === 77),
              `${left} ${width} ${top} ${height} ${columns} ${rows}`,
            )
            tried += 1
          }
        }
      }
    }
    assert.equal(tried, 240)
  })

  test('a region fits into a viewport with the shape that its pixels have', () => {
    assert.deepEqual(fitted({ width: 400, height: 200 }, { columns: 100, rows: 100, aspect: 1 }), {
      columns: 100,
      rows: 50,
    })
    assert.deepEqual(fitted({ width: 400, height: 200 }, { columns: 100, rows: 100, aspect: 4 }), {
      columns: 50,
      rows: 100,
    })
    assert.deepEqual(fitted({ width: 10_000, height: 1 }, { columns: 64, rows: 64, aspect: 1 }), {
      columns: 64,
      rows: 1,
    })
  })
})
