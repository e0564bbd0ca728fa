/** Images have the grey values and colours that dcmtk gives of the same file and window; PNG and JPEG are what another program reads of them. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { after, describe, test } from 'node:test'
import { type Attributes, ExplicitVRLittleEndian, encodeP10 } from '../../dicom/encode.ts'
import type { ImagePixel } from '../element/image-pixel.ts'
import { attributesOf, draw, lacks, netpbmPixels, openFolder, pixelOf, startThreads } from '../frames.fixture.ts'
import { displayPartOf, readDisplay } from './read-display.ts'
import type { Rendering, Window } from './rendering.ts'

const programs = openFolder()
const threads = startThreads()
after(async () => {
  await threads.stop()
  programs.remove()
})

interface Shown {
  readonly name: string
  readonly pixel: ImagePixel
  readonly attributes?: Attributes
  /** Of dcm2img. */
  readonly options: string
  readonly window?: Window
  /** Of which the cells are, if they are others. */
  readonly drawn?: ImagePixel
  /** Grey values may be so far apart: dcmtk truncates where this pipeline rounds. */
  readonly within?: number
}

const whole = (pixel: ImagePixel) => ({ left: 0, top: 0, width: pixel.columns, height: pixel.rows })

async function render(
  cells: Uint8Array,
  { pixel, attributes = {}, window }: Omit<Shown, 'name' | 'options'>,
  given: Partial<Rendering> = {},
): Promise<Uint8Array> {
  const all = { ...attributesOf(pixel), ...attributes }
  const { display } = readDisplay(displayPartOf(all, 1))
  const rendering: Rendering = {
    display: window !== undefined && display.kind === 'grey' ? { ...display, voi: window } : display,
    ...{ isFloat: false, region: whole(pixel), isFlippedHorizontally: false, isFlippedVertically: false },
    ...{ columns: pixel.columns, rows: pixel.rows, mediaType: 'image/png', quality: 90 },
    ...given,
  }
  const outcome = await threads.render({
    ...{ transferSyntaxUID: ExplicitVRLittleEndian, pixel, firstBit: 0, littleEndian: true },
    ...{ rendering, sizeBytes: cells.length, read: async (memory) => memory.set(cells) },
  })
  assert.ok(outcome.kind === 'rendered', JSON.stringify(outcome))
  return outcome.image
}

/** The samples that netpbm's program reads of an image. */
const samplesOf = (image: Uint8Array, ending: '.png' | '.jpg'): Uint8Array => {
  const program = ending === '.png' ? 'pngtopnm' : 'jpegtopnm'
  const { stdout, status, stderr } = spawnSync(program, { input: image, maxBuffer: 2 ** 28 })
  assert.equal(status, 0, String(stderr))
  return netpbmPixels(stdout)
}

const lut = (entries: number, firstMapped: number, bits: number, valueAt: (index: number) => number): Attributes => ({
  LUTDescriptor: { vr: 'US', value: [entries % 65_536, firstMapped, bits] },
  LUTData: {
    vr: 'OW',
    value: new Uint8Array(Uint16Array.from({ length: entries }, (_, index) => valueAt(index)).buffer),
  },
})

const GREY_12 = pixelOf({ bitsStored: 12 })
const SIGNED_12 = pixelOf({ bitsStored: 12, isSigned: true })
const GREY_8 = pixelOf({ bitsAllocated: 8 })
const window = (center: number, width: number, function_: Window['function'] = 'LINEAR') => ({
  window: { center, width, function: function_ },
})
const rescale = (slope: string, intercept: string): Attributes => ({ RescaleSlope: slope, RescaleIntercept: intercept })

const CASES: readonly Shown[] = [
  { name: '12 bits, a window', pixel: GREY_12, ...window(2000, 3000), options: '+Ww 2000 3000' },
  { name: '16 bits, a window', pixel: pixelOf(), ...window(30_000, 20_000), options: '+Ww 30000 20000' },
  { name: 'signed, a window', pixel: SIGNED_12, ...window(-100, 1500), options: '+Ww -100 1500' },
  { name: '8 bits, a window', pixel: GREY_8, ...window(100, 120), options: '+Ww 100 120' },
  {
    name: 'signed bytes',
    pixel: pixelOf({ bitsAllocated: 8, isSigned: true }),
    ...window(10, 100),
    options: '+Ww 10 100',
  },
  { name: 'the sigmoid function', pixel: GREY_12, ...window(2000, 1500, 'SIGMOID'), options: '+Wfs +Ww 2000 1500' },
  {
    ...{ name: 'slope and intercept', pixel: GREY_12, attributes: rescale('2', '-1024') },
    ...{ ...window(1000, 2000), options: '+Ww 1000 2000' },
  },
  {
    ...{ name: 'a slope that is not whole', pixel: SIGNED_12, attributes: rescale('0.5', '10.5') },
    ...{ ...window(40, 400), options: '+Ww 40 400' },
  },
  {
    ...{ name: 'the window of the file', pixel: GREY_12, options: '+Wi 1' },
    attributes: { WindowCenter: ['1500', '10'], WindowWidth: ['2500', '20'] },
  },
  {
    ...{ name: 'MONOCHROME1', pixel: pixelOf({ bitsStored: 12, photometricInterpretation: 'MONOCHROME1' }) },
    ...{ ...window(2000, 3000), options: '+Ww 2000 3000' },
  },
  {
    ...{ name: 'bits below those stored', pixel: pixelOf({ bitsStored: 12, highBit: 15 }), drawn: pixelOf() },
    ...{ ...window(2000, 3000), options: '+Ww 2000 3000' },
  },
  { name: 'least and greatest value', pixel: GREY_12, options: '+Wm' },
  {
    ...{ name: 'a VOI LUT', pixel: GREY_12, options: '+Wl 1' },
    attributes: { VOILUTSequence: [lut(2048, 1000, 12, (index) => Math.floor((index / 2047) ** 2 * 4095))] },
  },
  {
    ...{ name: 'a Modality LUT', pixel: GREY_12, ...window(500, 1000), options: '+Ww 500 1000' },
    attributes: {
      ModalityLUTSequence: [{ ...lut(4096, 0, 10, (index) => 1023 - (index >> 2)), ModalityLUTType: 'US' }],
    },
  },
  {
    ...{
      name: 'a palette',
      pixel: pixelOf({ bitsAllocated: 8, photometricInterpretation: 'PALETTE COLOR' }),
      options: '',
    },
    attributes: Object.fromEntries(
      ['Red', 'Green', 'Blue'].flatMap((colour, at) => [
        [`${colour}PaletteColorLookupTableDescriptor`, { vr: 'US', value: [256, 0, 16] }],
        [
          `${colour}PaletteColorLookupTableData`,
          {
            vr: 'OW',
            value: new Uint8Array(Uint16Array.from({ length: 256 }, (_, i) => ((i * (at + 1)) % 256) * 257).buffer),
          },
        ],
      ]),
    ),
  },
  { name: 'RGB', pixel: pixelOf({ bitsAllocated: 8, samplesPerPixel: 3 }), options: '' },
  {
    name: 'YBR_FULL',
    pixel: pixelOf({ bitsAllocated: 8, samplesPerPixel: 3, photometricInterpretation: 'YBR_FULL' }),
    ...{ options: '', within: 2 },
  },
]

const reference = (file: Uint8Array, options: string): Uint8Array =>
  netpbmPixels(programs.run(`dcm2img ${options} +op $in $out`.replace(/ +/g, ' '), file, { out: '.pnm' }))

function assertClose(actual: Uint8Array, expected: Uint8Array, within: number): void {
  assert.equal(actual.length, expected.length)
  let worst = 0
  for (let at = 0; at < actual.length; at++) worst = Math.max(worst, Math.abs(actual[at]! - expected[at]!))
  assert.ok(worst <= within, `a grey value differs by ${worst}`)
}

describe('images are those of dcmtk', { skip: lacks(['dcm2img', 'dcmtk'], ['pngtopnm', 'netpbm']) }, () => {
  for (const shown of CASES) {
    const { name, pixel, drawn = pixel, attributes = {}, options, within = 1 } = shown
    test(name, async () => {
      const cells = draw(drawn)
      const file = encodeP10({
        ...{ transferSyntaxUID: ExplicitVRLittleEndian, attributes: { ...attributesOf(pixel), ...attributes } },
        pixelData: { frames: [cells] },
      })
      const image = await render(cells, shown)
      assertClose(samplesOf(image, '.png'), reference(file, options), within)
    })
  }

  test('a JPEG is close to the PNG of the same frame, closer with more quality', async () => {
    for (const pixel of [GREY_12, pixelOf({ bitsAllocated: 8, samplesPerPixel: 3 })]) {
      const cells = draw(pixel)
      const png = samplesOf(await render(cells, { pixel }), '.png')
      const errors: number[] = []
      for (const quality of [10, 50, 100]) {
        const jpeg = samplesOf(await render(cells, { pixel }, { mediaType: 'image/jpeg', quality }), '.jpg')
        assert.equal(jpeg.length, png.length)
        errors.push(jpeg.reduce((sum, value, at) => sum + Math.abs(value - png[at]!), 0) / png.length)
      }
      assert.ok(errors[0]! > errors[1]! && errors[1]! > errors[2]! && errors[2]! < 1, errors.join())
    }
  })

  test('a region is cut out, and flipped', async () => {
    const cells = draw(GREY_12)
    const image = samplesOf(await render(cells, { pixel: GREY_12 }), '.png')
    const { columns } = GREY_12
    for (const [isFlippedHorizontally, isFlippedVertically] of [
      [false, false],
      [true, false],
      [false, true],
      [true, true],
    ] as const) {
      const region = { left: 10, top: 5, width: 40, height: 30 }
      const part = samplesOf(
        await render(
          cells,
          { pixel: GREY_12 },
          { region, columns: 40, rows: 30, isFlippedHorizontally, isFlippedVertically },
        ),
        '.png',
      )
      const expected = part.map((_, at) => {
        const [row, column] = [Math.floor(at / 40), at % 40]
        const y = 5 + (isFlippedVertically ? 29 - row : row)
        const x = 10 + (isFlippedHorizontally ? 39 - column : column)
        return image[y * columns + x]!
      })
      assert.ok(Buffer.from(part).equals(Buffer.from(expected)))
    }
  })
})
