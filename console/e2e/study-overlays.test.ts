/** Segmentations and presentation states on the images that they are of, compared pixel by pixel with masks that are computed here. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Page } from 'playwright-core'
import { activeDatastore } from '../../acceptance/support/datastores.ts'
import type { Attributes } from '../../acceptance/support/fixtures.ts'
import { openHilum } from '../../acceptance/support/hilum.ts'
import { importFiles } from '../../acceptance/support/import.ts'
import { assertAccessible, openBrowser, skipUnlessChromium, takeScreenshot, visit } from './support/browser.ts'
import { imageFile, pixelOf } from './support/images.ts'

const skip = skipUnlessChromium()
const STUDY = '2.25.921'
const STORAGE = '1.2.840.10008.5.1.4.1.1.'
/** A frame of 2,745 bits ends within a byte. */
const [COLUMNS, ROWS, SLICES] = [45, 61, 5]
const CT_SERIES = `${STUDY}.1`
const AXIAL = ['1', '0', '0', '0', '1', '0']
const COMMON: Attributes = {
  StudyInstanceUID: STUDY,
  PatientName: 'Okafor^Ngozi',
  PatientID: 'P7',
  StudyDate: '20261101',
}

const slices = Array.from({ length: SLICES }, (_, at) =>
  imageFile({
    pixel: pixelOf({ rows: ROWS, columns: COLUMNS, bitsStored: 12 }),
    frames: [new Uint8Array(new Uint16Array(COLUMNS * ROWS).fill(100).buffer)],
    attributes: {
      ...{ ...COMMON, SeriesInstanceUID: CT_SERIES, SOPInstanceUID: `${CT_SERIES}.${at + 1}` },
      ...{ SOPClassUID: `${STORAGE}2`, Modality: 'CT', SeriesNumber: 1, InstanceNumber: at + 1 },
      ...{ SeriesDescription: 'Axial', FrameOfReferenceUID: '2.25.7', ImageOrientationPatient: AXIAL },
      ...{ ImagePositionPatient: ['-20', '10', String(4 * at)], PixelSpacing: ['1.5', '1.5'] },
      ...{ WindowCenter: 128, WindowWidth: 256, SliceThickness: '4' },
    },
  }),
)

type Mask = (column: number, row: number) => boolean
const DISC: Mask = (column, row) => (column - 20) ** 2 + (row - 30) ** 2 < 130
const STRIPES: Mask = (column, row) => (column + 2 * row) % 7 < 2
const values = (columns: number, rows: number, value: (column: number, row: number) => number): number[] =>
  Array.from({ length: columns * rows }, (_, at) => value(at % columns, Math.floor(at / columns)))

/** PS3.5 8.1.1: the first pixel is the lowest bit, and the next frame begins at the next bit. */
function packed(masks: readonly Mask[]): Uint8Array {
  const bits = masks.flatMap((mask) => values(COLUMNS, ROWS, (column, row) => Number(mask(column, row))))
  const bytes = new Uint8Array(2 * Math.ceil(bits.length / 16))
  for (const [at, bit] of bits.entries()) bytes[at >> 3]! |= bit << (at & 7)
  return bytes
}

const segment = (SegmentNumber: number, SegmentLabel: string, RecommendedDisplayCIELabValue?: number[]) => ({
  ...{ SegmentNumber, SegmentLabel, SegmentAlgorithmType: 'MANUAL' },
  ...(RecommendedDisplayCIELabValue && { RecommendedDisplayCIELabValue }),
})
/** Pure red of sRGB: L 54.29, a 80.81, b 69.89. */
const RED = [35_579, 53_664, 50_858]

const segmentation = (
  number: number,
  given: {
    readonly pixel: ReturnType<typeof pixelOf>
    readonly frames: readonly Uint8Array[]
    readonly attributes: Attributes
  },
) => {
  const SeriesInstanceUID = `${STUDY}.${number}`
  return imageFile({
    ...given,
    attributes: {
      ...{ ...COMMON, SeriesInstanceUID, SOPInstanceUID: `${SeriesInstanceUID}.1`, SeriesNumber: number },
      ...{ SOPClassUID: `${STORAGE}66.4`, Modality: 'SEG' },
      ...given.attributes,
    },
  })
}
const derivedFrom = (slice: number) => ({
  DerivationImageSequence: [
    {
      SourceImageSequence: [
        { ReferencedSOPClassUID: `${STORAGE}2`, ReferencedSOPInstanceUID: `${CT_SERIES}.${slice}` },
      ],
    },
  ],
})
const ofSegment = (ReferencedSegmentNumber: number) => ({
  SegmentIdentificationSequence: [{ ReferencedSegmentNumber }],
})

/** By reference: the disc on slices 2 and 3, and the stripes on slice 3. */
const byReference = segmentation(10, {
  pixel: pixelOf({ rows: ROWS, columns: COLUMNS, bitsAllocated: 1, numberOfFrames: 3 }),
  frames: [packed([DISC, DISC, STRIPES])],
  attributes: {
    ...{ SeriesDescription: 'By reference', SegmentationType: 'BINARY' },
    SegmentSequence: [segment(1, 'Disc', RED), segment(2, 'Stripes')],
    PerFrameFunctionalGroupsSequence: [
      { ...ofSegment(1), ...derivedFrom(2) },
      { ...ofSegment(1), ...derivedFrom(3) },
      { ...ofSegment(2), ...derivedFrom(3) },
    ],
  },
})
/** By position: 12 x 10 pixels of 3 mm on slice 4, from column 5 and row 8 of the image, with fractions. */
const [WIDE, HIGH] = [12, 10]
const fraction = (column: number, row: number) => (column * 20 + row) % 256
const byPosition = segmentation(11, {
  pixel: pixelOf({ rows: HIGH, columns: WIDE, bitsAllocated: 8 }),
  frames: [Uint8Array.from(values(WIDE, HIGH, fraction))],
  attributes: {
    ...{ SeriesDescription: 'By position', SegmentationType: 'FRACTIONAL', MaximumFractionalValue: 255 },
    ...{ SegmentationFractionalType: 'PROBABILITY', FrameOfReferenceUID: '2.25.7' },
    SegmentSequence: [segment(1, 'Probability', RED)],
    SharedFunctionalGroupsSequence: [
      {
        PlaneOrientationSequence: [{ ImageOrientationPatient: AXIAL }],
        PixelMeasuresSequence: [{ PixelSpacing: ['3', '3'], SliceThickness: '4' }],
      },
    ],
    PerFrameFunctionalGroupsSequence: [
      {
        ...ofSegment(1),
        // The center of the first pixel, whose edge is that of column 5 and row 8.
        PlanePositionSequence: [
          { ImagePositionPatient: [String(-20 + 5 * 1.5 + 0.75), String(10 + 8 * 1.5 + 0.75), '12'] },
        ],
      },
    ],
  },
})
const labelMap = segmentation(12, {
  pixel: pixelOf({ rows: ROWS, columns: COLUMNS, bitsAllocated: 8 }),
  frames: [
    Uint8Array.from(values(COLUMNS, ROWS, (column, row) => (DISC(column, row) ? 7 : STRIPES(column, row) ? 9 : 0))),
  ],
  attributes: {
    ...{ SOPClassUID: `${STORAGE}66.7`, SeriesDescription: 'Label map', SegmentationType: 'LABELMAP' },
    SegmentSequence: [segment(7, 'Seven', RED), segment(9, 'Nine')],
    PerFrameFunctionalGroupsSequence: [derivedFrom(5)],
  },
})

describe('objects on images', skip, async () => {
  if ('skip' in skip) return
  const server = await openHilum()
  const { hilum, sdk } = server
  const datastoreId = await activeDatastore(sdk, { datastoreName: 'ward-7' })
  const files = [...slices, byReference, byPosition, labelMap]
  await importFiles(server, {
    datastoreId,
    files: Object.fromEntries(files.map((file, at) => [`${String(at).padStart(4, '0')}.dcm`, file])),
  })
  const browser = await openBrowser()
  const stage = (page: Page) => page.getByRole('application')
  const openAt = async (t: Parameters<typeof visit>[0], slice: number) => {
    const address = `datastores/${datastoreId}/studies/${STUDY}#pane=${CT_SERIES},${slice}`
    const page = await visit(t, { browser, hilum, address })
    await page.getByText(`Image ${slice} of ${SLICES}`, { exact: true }).waitFor()
    await stage(page).press('1')
    await page.getByText('Zoom 100%').waitFor()
    return page
  }
  /** Red, green, blue and alpha of the segments above each pixel of the image. */
  const painted = (page: Page): Promise<number[]> =>
    page.evaluate(
      ([columns, rows]) => {
        const canvas = document.querySelector<HTMLCanvasElement>('.segment-canvas')!
        const [left, top] = [Math.floor((canvas.width - columns!) / 2), Math.floor((canvas.height - rows!) / 2)]
        const copy = new OffscreenCanvas(columns!, rows!).getContext('2d', { willReadFrequently: true })!
        copy.drawImage(canvas, left, top, columns!, rows!, 0, 0, columns!, rows!)
        return [...copy.getImageData(0, 0, columns!, rows!).data]
      },
      [COLUMNS, ROWS],
    )
  const isPainted = (page: Page, labels: string) => page.locator(`.segment-canvas[data-painted="${labels}"]`).waitFor()
  const choose = (page: Page, label: string, isChosen = true) =>
    page.getByRole('checkbox', { name: label }).setChecked(isChosen)
  const assertMask = (pixels: readonly number[], expected: (column: number, row: number) => boolean) => {
    for (let at = 0; at < COLUMNS * ROWS; at++) {
      const isPainted = pixels[4 * at + 3]! > 0
      const [column, row] = [at % COLUMNS, Math.floor(at / COLUMNS)]
      assert.equal(isPainted, expected(column, row), `column ${column}, row ${row}`)
    }
  }

  test('a segment covers exactly the pixels of its mask, in its color, on the images that it was derived from', async (t) => {
    const page = await openAt(t, 3)
    await choose(page, 'Disc')
    await isPainted(page, 'Disc')
    const pixels = await painted(page)
    assertMask(pixels, DISC)
    const center = 4 * (30 * COLUMNS + 20)
    assert.equal(pixels[center + 3], 115)
    for (const [channel, value] of [255, 0, 0].entries()) assert.ok(Math.abs(pixels[center + channel]! - value) <= 3)
    await choose(page, 'Stripes')
    await isPainted(page, 'Disc, Stripes')
    assertMask(await painted(page), (column, row) => DISC(column, row) || STRIPES(column, row))
    await takeScreenshot(page, 'study-segments')
    await assertAccessible(page)
    await choose(page, 'Disc', false)
    await isPainted(page, 'Stripes')
    assertMask(await painted(page), STRIPES)
    // Slice 2 has the disc only, and slice 1 nothing.
    await choose(page, 'Disc')
    await stage(page).press('ArrowUp')
    await isPainted(page, 'Disc')
    assertMask(await painted(page), DISC)
    await stage(page).press('ArrowUp')
    await isPainted(page, '')
    assertMask(await painted(page), () => false)
  })

  test('a segmentation with other pixels is placed by its position, with the fraction as opacity', async (t) => {
    const page = await openAt(t, 4)
    await choose(page, 'Probability')
    await isPainted(page, 'Probability')
    const pixels = await painted(page)
    for (let at = 0; at < COLUMNS * ROWS; at++) {
      const [column, row] = [Math.floor(((at % COLUMNS) - 5) / 2), Math.floor((Math.floor(at / COLUMNS) - 8) / 2)]
      const isInside = column >= 0 && row >= 0 && column < WIDE && row < HIGH
      const expected = isInside ? (115 * fraction(column, row)) / 255 : 0
      assert.ok(
        Math.abs(pixels[4 * at + 3]! - expected) <= 1,
        `pixel ${at}: ${pixels[4 * at + 3]} instead of ${expected}`,
      )
    }
    await stage(page).press('ArrowDown')
    await isPainted(page, '')
  })

  test('the values of a label map are its segments', async (t) => {
    const page = await openAt(t, 5)
    await choose(page, 'Nine')
    await isPainted(page, 'Nine')
    assertMask(await painted(page), (column, row) => STRIPES(column, row) && !DISC(column, row))
    await choose(page, 'Seven')
    await isPainted(page, 'Seven, Nine')
    assertMask(await painted(page), (column, row) => STRIPES(column, row) || DISC(column, row))
  })

  test('segments turn with the image, and the series of a segmentation says what it is', async (t) => {
    const page = await openAt(t, 3)
    await choose(page, 'Disc')
    await isPainted(page, 'Disc')
    // Upside down.
    await stage(page).press('o')
    await stage(page).press('o')
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))))
    assertMask(await painted(page), (column, row) => DISC(COLUMNS - 1 - column, ROWS - 1 - row))
    await page.getByRole('button', { name: 'By reference' }).click()
    await page.getByText(/^The masks of a segmentation\./).waitFor()
  })
})
