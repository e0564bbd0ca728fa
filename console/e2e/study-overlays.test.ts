/** Segmentations and presentation states on the images that they are of, compared pixel by pixel with masks that are computed here. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Page } from 'playwright-core'
import { activeDatastore } from '../../acceptance/support/datastores.ts'
import { type Attributes, instance } from '../../acceptance/support/fixtures.ts'
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

const onSlice = (slice: number) => ({
  ReferencedSOPClassUID: `${STORAGE}2`,
  ReferencedSOPInstanceUID: `${CT_SERIES}.${slice}`,
})
const presentation = (number: number, attributes: Attributes): Uint8Array => {
  const SeriesInstanceUID = `${STUDY}.${number}`
  return instance({
    ...{ ...COMMON, SeriesInstanceUID, SOPInstanceUID: `${SeriesInstanceUID}.1`, SeriesNumber: number },
    ...{ SOPClassUID: `${STORAGE}11.1`, Modality: 'PR', ContentLabel: 'STATE' },
    ...attributes,
  })
}
const graphic = (GraphicType: string, points: readonly number[]) => ({
  ...{ GraphicAnnotationUnits: 'PIXEL', GraphicDimensions: 2, NumberOfGraphicPoints: points.length / 2 },
  ...{ GraphicData: [...points], GraphicType, GraphicFilled: 'N' },
})
/** Slice 2: a part of it, turned right, in another window, inverted, with graphics. */
const turnedState = presentation(20, {
  ...{ ContentDescription: 'For the tumor board', ImageRotation: 90, ImageHorizontalFlip: 'N' },
  ...{ PresentationLUTShape: 'INVERSE', ShutterShape: 'RECTANGULAR' },
  ReferencedSeriesSequence: [{ SeriesInstanceUID: CT_SERIES, ReferencedImageSequence: [onSlice(2)] }],
  SoftcopyVOILUTSequence: [{ WindowCenter: '90', WindowWidth: '60' }],
  DisplayedAreaSelectionSequence: [
    {
      // The corners of what is on the screen after the turn.
      ...{ DisplayedAreaTopLeftHandCorner: [11, 40], DisplayedAreaBottomRightHandCorner: [30, 21] },
      PresentationSizeMode: 'SCALE TO FIT',
    },
  ],
  GraphicLayerSequence: [{ GraphicLayer: 'ONE', GraphicLayerOrder: 1, GraphicLayerRecommendedDisplayCIELabValue: RED }],
  GraphicAnnotationSequence: [
    {
      GraphicLayer: 'ONE',
      ReferencedImageSequence: [onSlice(2)],
      GraphicObjectSequence: [
        graphic('POLYLINE', [15, 25, 25, 35]),
        graphic('CIRCLE', [20, 30, 24, 30]),
        graphic('ELLIPSE', [14, 30, 26, 30, 20, 28, 20, 32]),
        graphic('POINT', [22, 27]),
      ],
      TextObjectSequence: [
        {
          ...{ UnformattedTextValue: 'Nodule', BoundingBoxAnnotationUnits: 'DISPLAY' },
          ...{ BoundingBoxTopLeftHandCorner: [0.25, 0.75], BoundingBoxBottomRightHandCorner: [0.5, 0.9] },
          BoundingBoxTextHorizontalJustification: 'LEFT',
        },
      ],
    },
  ],
})
/** All slices: turned right, and then flipped. */
const flippedState = presentation(21, {
  ...{ ContentDescription: 'Flipped', ImageRotation: 90, ImageHorizontalFlip: 'Y' },
  ReferencedSeriesSequence: [
    {
      SeriesInstanceUID: CT_SERIES,
      ReferencedImageSequence: Array.from({ length: SLICES }, (_, at) => onSlice(at + 1)),
    },
  ],
})

describe('objects on images', skip, async () => {
  if ('skip' in skip) return
  const server = await openHilum()
  const { hilum, sdk } = server
  const datastoreId = await activeDatastore(sdk, { datastoreName: 'ward-7' })
  const files = [...slices, byReference, byPosition, labelMap, turnedState, flippedState]
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

  test('a segment that is chosen shows the first image with it, unless the image shown has it', async (t) => {
    const page = await openAt(t, 1)
    await choose(page, 'Stripes')
    await page.getByText(`Image 3 of ${SLICES}`, { exact: true }).waitFor()
    await choose(page, 'Disc')
    await isPainted(page, 'Disc, Stripes')
    await page.getByText(`Image 3 of ${SLICES}`, { exact: true }).waitFor()
    await choose(page, 'Probability')
    await page.getByText(`Image 4 of ${SLICES}`, { exact: true }).waitFor()
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

  test('a presentation state shows its image in its window, area and rotation, with its graphics', async (t) => {
    const page = await openAt(t, 4)
    await page.getByRole('radio', { name: 'For the tumor board' }).check()
    await page.getByText(`Image 2 of ${SLICES}`, { exact: true }).waitFor()
    await page.getByText('Not applied: shutter.').waitFor()
    await page.getByText('W 60  L 90', { exact: true }).waitFor()
    // Right is anterior where it was patient left.
    assert.deepEqual(await page.locator('.viewer-edge').allInnerTexts(), ['P', 'A', 'R', 'L'])
    const box = (await stage(page).boundingBox())!
    const scale = Math.min(box.width, box.height) / 20
    /** A point, from the center of the area, is turned clockwise. */
    const at = (column: number, row: number) => [
      box.width / 2 - (row - 30) * scale,
      box.height / 2 + (column - 20) * scale,
    ]
    const lines = await page.locator('.graphic-layer polyline').evaluateAll((all) =>
      all.map((each) =>
        each
          .getAttribute('points')!
          .split(' ')
          .map((pair) => pair.split(',').map(Number)),
      ),
    )
    const isNear = ([x, y]: readonly number[], [toX, toY]: readonly number[]) => Math.hypot(x! - toX!, y! - toY!) < 0.5
    const [polyline, circle, ellipse] = lines
    assert.ok(isNear(polyline![0]!, at(15, 25)) && isNear(polyline![1]!, at(25, 35)), JSON.stringify(polyline))
    const [x, y] = at(20, 30)
    for (const point of circle!) assert.ok(Math.abs(Math.hypot(point[0]! - x!, point[1]! - y!) - 4 * scale) < 0.5)
    // Its longer axis is that of the columns, which are upright after the turn.
    for (const point of ellipse!)
      assert.ok(Math.abs(((point[0]! - x!) / (2 * scale)) ** 2 + ((point[1]! - y!) / (6 * scale)) ** 2 - 1) < 0.01)
    const dot = page.locator('.graphic-layer circle')
    const center = [await dot.getAttribute('cx'), await dot.getAttribute('cy')].map(Number)
    assert.ok(isNear(center, at(22, 27)))
    const text = page.locator('.graphic-layer tspan')
    assert.equal(await text.innerHTML(), 'Nodule')
    const side = 20 * scale
    assert.ok(Math.abs(Number(await text.getAttribute('x')) - (box.width / 2 - side / 4)) < 0.5)
    const color = (await page.locator('.graphic-layer polyline').first().getAttribute('stroke'))!
      .match(/\d+/g)!
      .map(Number)
    for (const [channel, value] of [255, 0, 0].entries()) assert.ok(Math.abs(color[channel]! - value) <= 3)
    // PS3.3 C.11.2.1.2 for the value 100, inverted.
    const gray = Math.round((1 - ((100 - 89.5) / 59 + 0.5)) * 255)
    const shown = await page.evaluate(() => {
      const canvas = document.querySelector<HTMLCanvasElement>('.viewer-canvas')!
      const copy = new OffscreenCanvas(1, 1).getContext('2d')!
      copy.drawImage(canvas, canvas.width / 2, canvas.height / 2, 1, 1, 0, 0, 1, 1)
      return copy.getImageData(0, 0, 1, 1).data[0]!
    })
    assert.ok(Math.abs(shown - gray) <= 1, `${shown} instead of ${gray}`)
    await takeScreenshot(page, 'study-presentation-state')
    await assertAccessible(page)
    await page.getByRole('radio', { name: 'Flipped' }).check()
    await page.waitForFunction(() => document.querySelector('.viewer-edge-left')!.textContent === 'A')
    assert.equal(await page.locator('.graphic-layer polyline').count(), 0)
    await page.getByRole('radio', { name: 'As stored' }).check()
    await page.waitForFunction(() => document.querySelector('.viewer-edge-left')!.textContent === 'R')
    await page.getByText('W 256  L 128', { exact: true }).waitFor()
  })
})
