/** Measuring, turning, flipping and magnifying in the viewer, compared with values that are computed here from the samples. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Page } from 'playwright-core'
import { activeDatastore } from '../../acceptance/support/datastores.ts'
import { openHilum } from '../../acceptance/support/hilum.ts'
import { assertAccessible, openBrowser, skipUnlessChromium, takeScreenshot, visit } from './support/browser.ts'
import {
  draw,
  imageFile,
  imageSetAddress,
  importSet,
  pixelOf,
  shownPixels,
  stageOf,
  waitForState,
} from './support/images.ts'

const skip = skipUnlessChromium()
const [COLUMNS, ROWS] = [128, 96]
const PIXEL = pixelOf({ rows: ROWS, columns: COLUMNS, bitsStored: 12 })
const VALUES = new Uint16Array(draw(PIXEL).slice().buffer)

describe('measuring in the viewer', skip, async () => {
  if ('skip' in skip) return
  const server = await openHilum()
  const { hilum, sdk } = server
  const datastoreId = await activeDatastore(sdk, { datastoreName: 'ward-7' })
  const browser = await openBrowser()
  const CT = {
    ...{ Modality: 'CT', RescaleSlope: '2', RescaleIntercept: '-1000', WindowCenter: 3000, WindowWidth: 8000 },
    ImageOrientationPatient: ['1', '0', '0', '0', '1', '0'],
  }
  const square = await importSet(server, {
    datastoreId,
    files: [imageFile({ pixel: PIXEL, attributes: { ...CT, PixelSpacing: ['0.5', '0.5'] } })],
  })
  const tall = await importSet(server, {
    datastoreId,
    files: [imageFile({ pixel: PIXEL, attributes: { ...CT, PixelSpacing: ['0.5', '0.25'] } })],
  })
  const detector = await importSet(server, {
    datastoreId,
    files: [imageFile({ pixel: PIXEL, attributes: { Modality: 'DX', ImagerPixelSpacing: ['0.1', '0.1'] } })],
  })

  /** Its upper half is an image of 0.02 cm by 0.02 cm, and its lower half a curve over time. */
  const region = (minY: number, unit: number, delta: number) => ({
    ...{ RegionSpatialFormat: unit === 3 ? 1 : 3, RegionDataType: 1, RegionFlags: 0 },
    ...{ RegionLocationMinX0: 0, RegionLocationMinY0: minY, RegionLocationMaxX1: COLUMNS - 1 },
    ...{ RegionLocationMaxY1: minY + ROWS / 2 - 1, PhysicalUnitsXDirection: unit, PhysicalUnitsYDirection: unit },
    ...{ PhysicalDeltaX: delta, PhysicalDeltaY: delta },
  })
  const ultrasound = await importSet(server, {
    datastoreId,
    files: [
      imageFile({
        pixel: PIXEL,
        attributes: {
          ...{ Modality: 'US', SequenceOfUltrasoundRegions: [region(0, 3, 0.02), region(ROWS / 2, 4, 0.01)] },
        },
      }),
    ],
  })

  /** At actual size, one pixel of the screen for each column. */
  const open = async (t: Parameters<typeof visit>[0], imageSetId: string): Promise<Page> => {
    const page = await visit(t, { browser, hilum, address: imageSetAddress(datastoreId, imageSetId) })
    await waitForState(page, 'sharp')
    await stageOf(page).scrollIntoViewIfNeeded()
    await stageOf(page).press('1')
    await page.getByText('Zoom 100%').waitFor()
    return page
  }
  /** @param height of a pixel, with its width as unit */
  const screenOf = async (page: Page, height = 1) => {
    const box = (await stageOf(page).boundingBox())!
    const left = box.x + Math.floor(box.width / 2 - COLUMNS / 2)
    const top = box.y + Math.floor(box.height / 2 - (ROWS * height) / 2)
    return (column: number, row: number) => [left + column, top + row * height] as const
  }
  type Pair = readonly [column: number, row: number]
  const drag = async (page: Page, [from, to]: readonly [Pair, Pair], height = 1) => {
    const at = await screenOf(page, height)
    await page.mouse.move(...at(...from))
    await page.mouse.down()
    await page.mouse.move(...at((from[0] + to[0]) / 2, to[1]))
    await page.mouse.move(...at(...to))
    await page.mouse.up()
  }
  const results = (page: Page) => page.locator('.shape-results > span').allInnerTexts()
  const valueAt = (column: number, row: number) => VALUES[row * COLUMNS + column]! * 2 - 1000

  test('a length and an angle are in the patient, also where pixels are not square', async (t) => {
    const page = await open(t, tall)
    await stageOf(page).press('d')
    // 80 columns of 0.25 mm and 40 rows of 0.5 mm.
    await drag(
      page,
      [
        [20, 20],
        [100, 60],
      ],
      2,
    )
    assert.deepEqual(await results(page), [`${Math.hypot(80 * 0.25, 40 * 0.5).toFixed(1)} mm`])
    // An end is moved by 20 columns.
    await stageOf(page).press('w')
    await drag(
      page,
      [
        [100, 60],
        [80, 60],
      ],
      2,
    )
    assert.deepEqual(await results(page), [`${Math.hypot(60 * 0.25, 40 * 0.5).toFixed(1)} mm`])
    await stageOf(page).press('Control+z')
    assert.deepEqual(await results(page), [`${Math.hypot(80 * 0.25, 40 * 0.5).toFixed(1)} mm`])
    await stageOf(page).press('Control+z')
    await page.waitForFunction(() => document.querySelector('.shape-results') === null)
    await stageOf(page).press('a')
    // Along a row to the vertex, and then down and back by as many millimeters: 45 degrees.
    await drag(
      page,
      [
        [100, 20],
        [20, 20],
      ],
      2,
    )
    const at = await screenOf(page, 2)
    await page.mouse.click(...at(60, 40))
    assert.deepEqual(await results(page), ['45.0°'])
  })

  test('the mean and deviation in an ellipse and a rectangle are those of their pixels', async (t) => {
    const page = await open(t, square)
    const expected = (isInside: (x: number, y: number) => boolean, area: number) => {
      const inside: number[] = []
      for (let row = 0; row < ROWS; row++)
        for (let column = 0; column < COLUMNS; column++)
          if (isInside(column + 0.5, row + 0.5)) inside.push(valueAt(column, row))
      const mean = inside.reduce((sum, value) => sum + value, 0) / inside.length
      const deviation = Math.sqrt(inside.reduce((sum, value) => sum + (value - mean) ** 2, 0) / inside.length)
      const text = (value: number) => (Math.abs(value) >= 1000 ? value.toFixed(0) : value.toFixed(1))
      return [`Mean ${text(mean)} HU`, `SD ${text(deviation)} HU`, `Area ${text(area)} mm²`]
    }
    await stageOf(page).press('e')
    await drag(page, [
      [30, 20],
      [90, 60],
    ])
    const ellipse = expected((x, y) => ((x - 60) / 30) ** 2 + ((y - 40) / 20) ** 2 <= 1, Math.PI * 30 * 20 * 0.25)
    const [shown] = await results(page)
    for (const line of ellipse) assert.ok(shown!.includes(line), `${shown} lacks ${line}`)
    await takeScreenshot(page, 'viewer-ellipse')
    await assertAccessible(page)
    await page.getByRole('button', { name: /^Remove ellipse/ }).click()
    await stageOf(page).press('b')
    await drag(page, [
      [10, 70],
      [50, 10],
    ])
    const [other] = await results(page)
    for (const line of expected((x, y) => x > 10 && x < 50 && y > 10 && y < 70, 40 * 60 * 0.25))
      assert.ok(other!.includes(line), `${other} lacks ${line}`)
  })

  test('a probe shows the value of its pixel, and an arrow its text', async (t) => {
    const page = await open(t, square)
    await stageOf(page).press('v')
    const at = await screenOf(page)
    await page.mouse.click(...at(40.5, 30.5))
    assert.deepEqual(await results(page), [`${valueAt(40, 30)} HU\nColumn 41, row 31`])
    await page.getByRole('button', { name: 'Pixel value' }).click()
    await page.getByRole('menuitemcheckbox', { name: 'Arrow with text' }).click()
    await drag(page, [
      [90, 70],
      [60, 50],
    ])
    await page.getByRole('textbox', { name: 'Text of the arrow' }).fill('Nodule')
    await page.getByRole('textbox', { name: 'Text of the arrow' }).press('Enter')
    await page.getByText('Nodule', { exact: true }).waitFor()
    // They stay when the page is left and opened again.
    await page.getByRole('link', { name: 'ward-7' }).click()
    await page.getByText(/Search took/).waitFor()
    await page.goBack()
    await page.getByText('Nodule', { exact: true }).waitFor()
  })

  test('without a spacing in the patient, a length names the detector', async (t) => {
    const page = await open(t, detector)
    await stageOf(page).press('d')
    await drag(page, [
      [10, 10],
      [110, 10],
    ])
    assert.deepEqual(await results(page), ['10.0 mm at the detector'])
  })

  test('a length of an ultrasound image is that of its region, and in pixels where there is none', async (t) => {
    const page = await open(t, ultrasound)
    await stageOf(page).press('d')
    await drag(page, [
      [10, 8],
      [70, 40],
    ])
    assert.deepEqual(await results(page), [`${(Math.hypot(60, 32) * 0.2).toFixed(1)} mm`])
    await drag(page, [
      [100, 30],
      [100, 70],
    ])
    assert.deepEqual((await results(page))[1], '40.0 px')
  })

  test('turning and flipping move the pixels, the sides of the patient and the shapes', async (t) => {
    const page = await open(t, square)
    await stageOf(page).press('d')
    await drag(page, [
      [20, 20],
      [100, 20],
    ])
    const before = await shownPixels(page, PIXEL)
    const pixel = (pixels: Uint8Array, columns: number, column: number, row: number) =>
      pixels[3 * (row * columns + column)]!
    await stageOf(page).press('o')
    assert.deepEqual(await page.locator('.viewer-edge').allInnerTexts(), ['P', 'A', 'R', 'L'])
    const turned = await shownPixels(page, { columns: ROWS, rows: COLUMNS })
    for (let row = 0; row < ROWS; row += 7)
      for (let column = 0; column < COLUMNS; column += 5)
        assert.equal(pixel(turned, ROWS, ROWS - 1 - row, column), pixel(before, COLUMNS, column, row))
    assert.deepEqual(await results(page), ['40.0 mm'])
    await stageOf(page).press('x')
    assert.deepEqual(await page.locator('.viewer-edge').allInnerTexts(), ['A', 'P', 'R', 'L'])
    const flipped = await shownPixels(page, { columns: ROWS, rows: COLUMNS })
    for (let row = 0; row < ROWS; row += 7)
      for (let column = 0; column < COLUMNS; column += 5)
        assert.equal(pixel(flipped, ROWS, row, column), pixel(before, COLUMNS, column, row))
    await stageOf(page).press('r')
    await stageOf(page).press('1')
    assert.deepEqual(await shownPixels(page, PIXEL), before)
  })

  test('the magnifier shows the image twice as large while the pointer is down', async (t) => {
    const page = await open(t, square)
    await stageOf(page).press('m')
    const at = await screenOf(page)
    await page.mouse.move(...at(64, 48))
    await page.mouse.down()
    await page.locator('.viewer-magnifier canvas').waitFor()
    await takeScreenshot(page, 'viewer-magnifier')
    await page.mouse.up()
    await page.waitForFunction(() => document.querySelector('.viewer-magnifier canvas') === null)
  })
})
