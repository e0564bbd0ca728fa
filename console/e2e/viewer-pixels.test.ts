/**
 * Compares the pixels on the canvas of the viewer with the output of dcmtk's dcm2img for the same file and window. Samples may differ by one,
 * because dcmtk truncates and the viewer rounds.
 */
import assert from 'node:assert/strict'
import { after, describe, type TestContext, test } from 'node:test'
import { activeDatastore } from '../../acceptance/support/datastores.ts'
import { type Attributes, ExplicitVRBigEndian } from '../../acceptance/support/fixtures.ts'
import { encodeRLEFrame } from '../../acceptance/support/frames.ts'
import { openHilum } from '../../acceptance/support/hilum.ts'
import { sample } from '../../src/fixtures/soak.ts'
import { openBrowser, skipUnlessChromium, visit } from './support/browser.ts'
import {
  differenceOf,
  draw,
  grayToRGB,
  imageFile,
  imageSetAddress,
  importSet,
  lacks,
  netpbmPixels,
  openFolder,
  type Pixel,
  pixelOf,
  shownPixels,
  stageOf,
  waitForState,
} from './support/images.ts'

const chromium = skipUnlessChromium()
const missing = lacks(['dcm2img', 'dcmtk'])
const skip = 'skip' in chromium ? chromium : missing ? { skip: missing } : {}

/** Odd numbers, to detect alignment errors. */
const SIZE = { rows: 201, columns: 301 }
const grey = (given: Partial<Pixel> = {}) => pixelOf({ ...SIZE, bitsStored: 12, ...given })
const BYTE = { bitsAllocated: 8, bitsStored: 8 }
const colour = (photometricInterpretation: string) =>
  pixelOf({ ...SIZE, ...BYTE, samplesPerPixel: 3, photometricInterpretation })
const SIGNED = grey({ isSigned: true, bitsStored: 16 })

interface Case {
  readonly name: string
  readonly pixel: Pixel
  readonly attributes?: Attributes
  /** The window options of dcm2img. */
  readonly window?: string
  /** The window preset to choose in the viewer. */
  readonly preset?: string
  readonly keys?: string
  readonly transferSyntaxUID?: string
  readonly frames?: readonly Uint8Array[]
  /** A dcmtk command that converts the file before the import. */
  readonly make?: string
  readonly format?: 'HTJ2K' | 'JPEG_2000_LOSSLESS'
  /** The maximum difference, where floating-point results are rounded more than once. */
  readonly differenceMax?: number
}

const palette = (): Attributes => {
  const entries = (of: (at: number) => number) =>
    Buffer.from(Uint16Array.from({ length: 256 }, (_, at) => of(at) * 257).buffer)
  const tables = {
    Red: entries((at) => at),
    Green: entries((at) => (at * 7) % 256),
    Blue: entries((at) => 255 - at),
  }
  return Object.assign(
    {},
    ...Object.entries(tables).map(([name, bytes]) => ({
      [`${name}PaletteColorLookupTableDescriptor`]: [256, 0, 16],
      [`${name}PaletteColorLookupTableData`]: bytes,
    })),
  )
}

const CASES: readonly Case[] = [
  {
    name: 'grayscale of 12 bits with the window of the file',
    pixel: grey(),
    attributes: { WindowCenter: 1800, WindowWidth: 2500 },
    window: '+Wi 1',
  },
  {
    name: 'a signed CT with the window preset Lung',
    pixel: SIGNED,
    attributes: { Modality: 'CT', RescaleSlope: 1, RescaleIntercept: -1024, WindowCenter: 40, WindowWidth: 400 },
    preset: 'Lung',
    window: '+Ww -600 1500',
  },
  {
    name: 'a signed CT in a JPEG 2000 data store',
    pixel: SIGNED,
    attributes: { Modality: 'CT', RescaleSlope: 2, RescaleIntercept: 100, WindowCenter: -900, WindowWidth: 30_000 },
    window: '+Wi 1',
    format: 'JPEG_2000_LOSSLESS',
  },
  {
    name: 'MONOCHROME1',
    pixel: grey({ photometricInterpretation: 'MONOCHROME1' }),
    attributes: { WindowCenter: 2048, WindowWidth: 3000 },
    window: '+Wi 1',
  },
  {
    name: 'a sigmoid window',
    pixel: grey(),
    attributes: { WindowCenter: 2048, WindowWidth: 1500, VOILUTFunction: 'SIGMOID' },
    window: '+Wfs +Wi 1',
  },
  { name: 'grayscale without a window, over the full range', pixel: grey(), window: '+Wm' },
  {
    name: 'signed grayscale of 8 bits',
    pixel: grey({ ...BYTE, isSigned: true }),
    attributes: { WindowCenter: -10, WindowWidth: 150 },
    window: '+Wi 1',
  },
  {
    name: 'grayscale of 32 bits, stored uncompressed',
    pixel: grey({ bitsAllocated: 32, bitsStored: 20 }),
    attributes: { WindowCenter: 400_000, WindowWidth: 700_000 },
    window: '+Wi 1',
  },
  {
    name: 'RLE',
    pixel: grey(),
    frames: [encodeRLEFrame(draw(grey()), grey())],
    transferSyntaxUID: '1.2.840.10008.1.2.5',
    attributes: { WindowCenter: 1000, WindowWidth: 1000 },
    window: '+Wi 1',
  },
  {
    name: 'a VOI LUT table',
    pixel: grey({ ...BYTE }),
    attributes: {
      VOILUTSequence: [
        {
          LUTDescriptor: [256, 0, 12],
          LUTExplanation: 'Square',
          LUTData: Buffer.from(Uint16Array.from({ length: 256 }, (_, at) => Math.floor((at * at) / 16)).buffer),
        },
      ],
    },
    window: '+Wl 1',
  },
  { name: 'RGB', pixel: colour('RGB') },
  {
    name: 'planar RGB of a big-endian file',
    pixel: { ...colour('RGB'), isPlanar: true },
    transferSyntaxUID: ExplicitVRBigEndian,
  },
  {
    name: 'RGB of 16 bits, with separate components in the stored frame',
    pixel: pixelOf({ ...SIZE, bitsStored: 16, samplesPerPixel: 3 }),
  },
  { name: 'RGB in a JPEG 2000 data store', pixel: colour('RGB'), format: 'JPEG_2000_LOSSLESS' },
  { name: 'YBR_FULL', pixel: colour('YBR_FULL'), differenceMax: 2 },
  {
    name: 'a palette of 16 bits',
    pixel: grey({ ...BYTE, photometricInterpretation: 'PALETTE COLOR' }),
    attributes: palette(),
  },
  {
    name: 'grayscale baseline JPEG, stored unchanged',
    pixel: grey({ ...BYTE }),
    attributes: { WindowCenter: 100, WindowWidth: 120 },
    window: '+Wi 1',
    make: 'dcmcjpeg +eb $in $out',
    // The window of 120 doubles differences.
    differenceMax: 3,
  },
  {
    name: 'color baseline JPEG, stored unchanged',
    pixel: colour('RGB'),
    make: 'dcmcjpeg +eb +s4 $in $out',
    differenceMax: 3,
  },
  {
    name: 'color lossy JPEG, transcoded',
    pixel: colour('RGB'),
    make: 'dcmcjpeg +ee +s4 $in $out',
    differenceMax: 2,
  },
  {
    name: 'color lossy JPEG with 4:2:0 chroma subsampling, transcoded',
    pixel: colour('RGB'),
    make: 'dcmcjpeg +ee +np $in $out',
    differenceMax: 2,
  },
  {
    name: 'color lossy JPEG in a JPEG 2000 data store',
    pixel: colour('RGB'),
    make: 'dcmcjpeg +ee +s4 $in $out',
    format: 'JPEG_2000_LOSSLESS',
    differenceMax: 2,
  },
]

describe('the canvas matches dcmtk:', skip, async () => {
  if ('skip' in skip) return
  const server = await openHilum()
  const { hilum, sdk } = server
  const stores = {
    HTJ2K: await activeDatastore(sdk),
    JPEG_2000_LOSSLESS: await activeDatastore(sdk, { losslessStorageFormat: 'JPEG_2000_LOSSLESS' }),
  }
  const browser = await openBrowser()
  const folder = openFolder()
  after(() => folder.remove())

  interface Shown {
    /** The file that is imported, and the file that dcm2img renders. */
    readonly file: Uint8Array
    readonly plain: Uint8Array
    readonly pixel: Pixel
    readonly window: string
    readonly preset?: string | undefined
    readonly datastoreId?: string
  }

  async function differenceOnScreen(t: TestContext, shown: Shown) {
    const { file, plain, pixel, window, preset, datastoreId = stores.HTJ2K } = shown
    const drawn = netpbmPixels(folder.run(`dcm2img +op ${window} $in $out`.replace('  ', ' '), plain))
    const expected = drawn.length === pixel.rows * pixel.columns ? grayToRGB(drawn) : drawn
    const imageSetId = await importSet(server, { datastoreId, files: [file] })
    const page = await visit(t, { browser, hilum, address: imageSetAddress(datastoreId, imageSetId) })
    await waitForState(page, 'sharp')
    if (preset !== undefined) {
      await page.getByRole('button', { name: 'Window preset' }).click()
      await page.getByRole('option', { name: preset }).click()
    }
    await stageOf(page).press('1')
    return differenceOf(await shownPixels(page, pixel), expected)
  }

  const LOSSY = [
    ['HTJ2K, lossy', '.4.203', 'ojph_compress -i $in -o $out -reversible false -qstep 0.005', 'ojph_expand', '.j2c'],
    ['JPEG 2000, lossy', '.4.91', 'opj_compress -i $in -o $out -I -r 6', 'opj_decompress', '.j2k'],
  ] as const
  const programs = lacks(
    ...(['ojph_compress', 'ojph_expand'] as const).map((name): [string, string] => [name, 'openjph-tools']),
    ...(['opj_compress', 'opj_decompress'] as const).map((name): [string, string] => [name, 'libopenjp2-tools']),
  )
  for (const [name, uid, encode, decoder, ending] of LOSSY) {
    for (const [kind, given] of [
      ['grayscale', grey({ ...BYTE })],
      ['color', colour('RGB')],
    ] as const) {
      test(`${name}, ${kind}, stored unchanged`, { skip: programs }, async (t) => {
        const netpbm = kind === 'grayscale' ? '.pgm' : '.ppm'
        const frame = folder.run(encode, netpbmFile(given), { in: netpbm, out: ending })
        const decoded = netpbmPixels(folder.run(`${decoder} -i $in -o $out`, frame, { in: ending, out: netpbm }))
        const window = kind === 'grayscale' ? '+Wi 1' : ''
        const attributes = kind === 'grayscale' ? { WindowCenter: 100, WindowWidth: 255 } : {}
        const pixel = { ...given, photometricInterpretation: kind === 'grayscale' ? 'MONOCHROME2' : 'YBR_ICT' }
        const file = imageFile({ pixel, frames: [frame], transferSyntaxUID: `1.2.840.10008.1.2${uid}`, attributes })
        const plain = imageFile({ pixel: given, frames: [decoded], attributes })
        const diff = await differenceOnScreen(t, { file, plain, pixel: given, window })
        assert.ok(
          diff.max <= 2,
          `${diff.max} is the largest difference, ${diff.countAboveOne} samples by more than one`,
        )
      })
    }
  }

  for (const one of sample(CASES, 2)) {
    test(one.name, async (t) => {
      const { pixel, window = '', make, format = 'HTJ2K', preset, differenceMax = 1 } = one
      const plain = imageFile(one)
      const file = make === undefined ? plain : folder.run(make, plain)
      const datastoreId = stores[format]
      const diff = await differenceOnScreen(t, { file, plain: file, pixel, window, preset, datastoreId })
      assert.ok(
        diff.max <= differenceMax,
        `${diff.max} is the largest difference, ${diff.countAboveOne} samples by more than one`,
      )
    })
  }
})

/** The image as a Netpbm file. */
const netpbmFile = (pixel: Pixel): Uint8Array =>
  Buffer.concat([
    Buffer.from(`P${pixel.samplesPerPixel === 1 ? 5 : 6}\n${pixel.columns} ${pixel.rows}\n255\n`),
    draw(pixel),
  ])
