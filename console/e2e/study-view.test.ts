/** The study view: thumbnails, layouts, linked scrolling, reference lines, other studies of the patient, and the address. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Page, Request } from 'playwright-core'
import { activeDatastore } from '../../acceptance/support/datastores.ts'
import { instance } from '../../acceptance/support/fixtures.ts'
import { openHilum } from '../../acceptance/support/hilum.ts'
import { importFiles } from '../../acceptance/support/import.ts'
import { until } from '../../acceptance/support/until.ts'
import { assertAccessible, openBrowser, skipUnlessChromium, takeScreenshot, visit } from './support/browser.ts'
import { imageFile, pixelOf } from './support/images.ts'

const skip = skipUnlessChromium()
const SIZE = 64
const SLICE = pixelOf({ rows: SIZE, columns: SIZE, bitsStored: 12 })
const AXIAL = ['1', '0', '0', '0', '1', '0']
const CORONAL = ['1', '0', '0', '0', '0', '-1']

interface SeriesOfTest {
  readonly study: string
  readonly number: number
  readonly description: string
  readonly orientation: readonly string[]
  /** Of each slice, in the order of their numbers. */
  readonly positions: readonly (readonly [number, number, number])[]
  readonly frameOfReference: string
}

const TODAY = '2.25.901'
const PRIOR = '2.25.902'
const AXIAL_SERIES: SeriesOfTest = {
  ...{ study: TODAY, number: 1, description: 'Axial 2 mm', orientation: AXIAL, frameOfReference: '2.25.5' },
  positions: Array.from({ length: 21 }, (_, at) => [0, 0, 2 * at]),
}
/** Upside down, and with other distances. */
const THICK_SERIES: SeriesOfTest = {
  ...{ study: TODAY, number: 2, description: 'Axial 5 mm', orientation: AXIAL, frameOfReference: '2.25.5' },
  positions: Array.from({ length: 9 }, (_, at) => [0, 0, 40 - 5 * at]),
}
const CORONAL_SERIES: SeriesOfTest = {
  ...{ study: TODAY, number: 3, description: 'Coronal', orientation: CORONAL, frameOfReference: '2.25.5' },
  positions: Array.from({ length: 5 }, (_, at) => [0, 10 * at, 40]),
}
const PRIOR_SERIES: SeriesOfTest = {
  ...{ study: PRIOR, number: 1, description: 'Axial before', orientation: AXIAL, frameOfReference: '2.25.6' },
  positions: Array.from({ length: 4 }, (_, at) => [0, 0, 2 * at]),
}

const seriesUid = ({ study, number }: SeriesOfTest) => `${study}.${number}`

const filesOf = (series: SeriesOfTest): Uint8Array[] =>
  series.positions.map((position, at) =>
    imageFile({
      pixel: SLICE,
      frames: [new Uint8Array(new Uint16Array(SIZE * SIZE).fill(at * 10).buffer)],
      attributes: {
        ...{ StudyInstanceUID: series.study, SeriesInstanceUID: seriesUid(series), SeriesNumber: series.number },
        ...{ SOPInstanceUID: `${seriesUid(series)}.${at + 1}`, InstanceNumber: at + 1, Modality: 'CT' },
        ...{ ImageOrientationPatient: [...series.orientation], ImagePositionPatient: position.map(String) },
        ...{
          PixelSpacing: ['1', '1'],
          FrameOfReferenceUID: series.frameOfReference,
          WindowCenter: 128,
          WindowWidth: 256,
        },
        ...{
          PatientName: 'Okafor^Ngozi',
          PatientID: 'P*7',
          StudyDate: series.study === TODAY ? '20261101' : '20250301',
        },
        ...{ SeriesDescription: series.description, StudyDescription: 'CT abdomen' },
      },
    }),
  )

describe('the study view', skip, async () => {
  if ('skip' in skip) return
  const server = await openHilum()
  const { hilum, sdk } = server
  const datastoreId = await activeDatastore(sdk, { datastoreName: 'ward-7' })
  const all = [AXIAL_SERIES, THICK_SERIES, CORONAL_SERIES, PRIOR_SERIES].flatMap(filesOf)
  // The ID of this patient would match the pattern in the ID of the other one.
  const other = imageFile({ pixel: SLICE, attributes: { PatientID: 'P 77', StudyDescription: 'Of another patient' } })
  await importFiles(server, {
    datastoreId,
    files: Object.fromEntries([...all, other].map((file, at) => [`${String(at).padStart(4, '0')}.dcm`, file])),
  })
  const browser = await openBrowser()
  const address = (fragment = '') => `datastores/${datastoreId}/studies/${TODAY}${fragment && `#${fragment}`}`
  const paneOf = (page: Page, number: number) => page.locator(`.study-pane[data-pane="${number}"]`)
  const stageIn = (page: Page, number: number) => paneOf(page, number).getByRole('application')
  const isAt = (page: Page, pane: number, text: string) => paneOf(page, pane).getByText(text, { exact: true }).waitFor()
  const series = (page: Page, description: string) => page.getByRole('button', { name: description })
  const urlHas = (page: Page, text: string) => page.waitForFunction((text) => location.hash.includes(text), text)

  test('all series are thumbnails, and a click or a key changes the series', async (t) => {
    const page = await visit(t, { browser, hilum, address: address() })
    await isAt(page, 1, 'Image 1 of 21')
    await page.waitForFunction(() => document.querySelectorAll('.series-button img').length === 3)
    assert.equal(await series(page, 'Axial 2 mm').getAttribute('aria-current'), 'true')
    await series(page, 'Coronal').click()
    await isAt(page, 1, 'Image 1 of 5')
    await stageIn(page, 1).press('p')
    await isAt(page, 1, 'Image 1 of 9')
    await stageIn(page, 1).press('n')
    await isAt(page, 1, 'Image 1 of 5')
    await assertAccessible(page)
  })

  test('a series is dragged into a pane, or put there with the keyboard', async (t) => {
    const page = await visit(t, { browser, hilum, address: address() })
    await isAt(page, 1, 'Image 1 of 21')
    await page.getByRole('button', { name: '2 × 2' }).click()
    await series(page, 'Coronal').dragTo(paneOf(page, 3))
    await isAt(page, 3, 'Image 1 of 5')
    await paneOf(page, 2)
      .getByRole('button', { name: /Drag a series here/ })
      .press('Enter')
    await series(page, 'Axial 5 mm').press('Enter')
    await isAt(page, 2, 'Image 1 of 9')
    await isAt(page, 1, 'Image 1 of 21')
    // The tools are those of the active pane.
    await stageIn(page, 3).click()
    await page.getByRole('button', { name: 'Invert' }).click()
    assert.equal(await page.getByRole('toolbar', { name: 'Viewer tools' }).count(), 1)
    await takeScreenshot(page, 'study-2x2')
    await assertAccessible(page)
    await urlHas(page, 'layout=2x2')
  })

  test('panes with the same frame of reference scroll together, by position', async (t) => {
    const fragment = `layout=1x2&pane=${seriesUid(AXIAL_SERIES)}&pane=${seriesUid(THICK_SERIES)}`
    const page = await visit(t, { browser, hilum, address: address(fragment) })
    await isAt(page, 1, 'Image 1 of 21')
    await isAt(page, 2, 'Image 1 of 9')
    // z = 20 is image 11 of one series and image 5 of the other.
    await stageIn(page, 1).press('PageDown')
    await isAt(page, 1, 'Image 11 of 21')
    await isAt(page, 2, 'Image 5 of 9')
    // z = 0, and back to 40.
    await stageIn(page, 2).press('End')
    await isAt(page, 1, 'Image 1 of 21')
    await stageIn(page, 2).press('Home')
    await isAt(page, 1, 'Image 21 of 21')
    await page.getByRole('button', { name: 'Link scrolling' }).click()
    await stageIn(page, 2).press('End')
    await isAt(page, 2, 'Image 9 of 9')
    await page.waitForTimeout(100)
    await isAt(page, 1, 'Image 21 of 21')
  })

  test('series of two studies scroll together once they are linked at a position', async (t) => {
    const fragment = `layout=1x2&pane=${seriesUid(AXIAL_SERIES)},4&pane=${seriesUid(PRIOR_SERIES)}@${PRIOR},1`
    const page = await visit(t, { browser, hilum, address: address(fragment) })
    await isAt(page, 1, 'Image 4 of 21')
    await isAt(page, 2, 'Image 1 of 4')
    // They have no frame of reference in common.
    await stageIn(page, 1).press('ArrowUp')
    await isAt(page, 1, 'Image 3 of 21')
    await isAt(page, 2, 'Image 1 of 4')
    await page.getByRole('button', { name: 'Link at this position' }).click()
    // z = 4 of one is z = 0 of the other, so 8 is 4.
    await stageIn(page, 1).press('ArrowDown')
    await stageIn(page, 1).press('ArrowDown')
    await isAt(page, 1, 'Image 5 of 21')
    await isAt(page, 2, 'Image 3 of 4')
    await stageIn(page, 2).press('End')
    await isAt(page, 1, 'Image 6 of 21')
    await page.getByRole('button', { name: 'Link at this position' }).click()
    await stageIn(page, 2).press('Home')
    await isAt(page, 2, 'Image 1 of 4')
    await isAt(page, 1, 'Image 6 of 21')
  })

  test('a double click or a key shows one pane only, and all again', async (t) => {
    const fragment = `layout=1x2&pane=${seriesUid(AXIAL_SERIES)}&pane=${seriesUid(CORONAL_SERIES)}`
    const page = await visit(t, { browser, hilum, address: address(fragment) })
    await isAt(page, 2, 'Image 1 of 5')
    const half = (await stageIn(page, 2).boundingBox())!.width
    await stageIn(page, 2).dblclick()
    await paneOf(page, 1).waitFor({ state: 'hidden' })
    assert.ok((await stageIn(page, 2).boundingBox())!.width > 1.8 * half)
    await stageIn(page, 2).press('z')
    await paneOf(page, 1).waitFor()
    assert.ok(Math.abs((await stageIn(page, 2).boundingBox())!.width - half) < 2)
  })

  test('digits with Shift choose a window preset', async (t) => {
    const page = await visit(t, { browser, hilum, address: address() })
    await page.getByText('W 256  L 128', { exact: true }).waitFor()
    // The first is the window of the image, and then those of CT.
    await stageIn(page, 1).press('Shift+Digit3')
    await page.getByText('W 1500  L -600', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Window preset' }).getByText('Lung').waitFor()
  })

  test('on a phone, each toolbar is one row, and its menus open', async (t) => {
    const options = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }
    const page = await visit(t, { browser, hilum, address: address(), options })
    await isAt(page, 1, 'Image 1 of 21')
    for (const row of ['.study-controls', '.viewer-tools']) {
      const { height, width } = (await page.locator(row).boundingBox())!
      // The layout has its label above it.
      assert.ok(height <= 64 && width <= 390, `${row} is ${width} x ${height}`)
    }
    await page.getByRole('button', { name: 'Measure' }).click()
    await page.getByRole('menuitemcheckbox', { name: 'Ellipse' }).click()
    await page.getByRole('button', { name: 'Ellipse' }).waitFor()
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390)
    await takeScreenshot(page, 'study-phone')
    await assertAccessible(page)
  })

  test('a study with many series says how many are listed, and lists more', async (t) => {
    const many = '2.25.903'
    const files = Array.from({ length: 255 }, (_, at) =>
      instance({
        StudyInstanceUID: many,
        SeriesInstanceUID: `${many}.${at + 1}`,
        SeriesNumber: at + 1,
        PatientID: 'P99',
      }),
    )
    await importFiles(server, {
      datastoreId,
      files: Object.fromEntries(files.map((file, at) => [`${at}.dcm`, file])),
    })
    const page = await visit(t, { browser, hilum, address: `datastores/${datastoreId}/studies/${many}` })
    await page.getByText('250 of 255 series are listed.').waitFor()
    assert.equal(await page.locator('.series-button').count(), 250)
    await page.getByRole('button', { name: 'List more' }).click()
    await page.waitForFunction(() => document.querySelectorAll('.series-button').length === 255)
    assert.equal(await page.getByText(/series are listed/).count(), 0)
  })

  test('a reference line shows where the image of the active pane is in the other one', async (t) => {
    const fragment = `layout=1x2&pane=${seriesUid(AXIAL_SERIES)},11&pane=${seriesUid(CORONAL_SERIES)}`
    const page = await visit(t, { browser, hilum, address: address(fragment) })
    await isAt(page, 1, 'Image 11 of 21')
    await stageIn(page, 1).focus()
    // z = 20 is 20 mm below the first row of the coronal image, whose pixels are 1 mm.
    await until(async () => {
      const y = Number(await paneOf(page, 2).locator('.reference-line').getAttribute('y1'))
      const box = (await stageIn(page, 2).boundingBox())!
      const scale = Math.min(box.width, box.height) / SIZE
      const expected = (box.height - SIZE * scale) / 2 + 20.5 * scale
      return Math.abs(y - expected) < 1 || undefined
    })
    assert.equal(await paneOf(page, 1).locator('.reference-line').count(), 0)
    await takeScreenshot(page, 'study-reference-line')
    await page.getByRole('button', { name: 'Reference lines' }).click()
    await page.waitForFunction(() => document.querySelector('.reference-line') === null)
  })

  test('another study of the patient opens beside, and a study of another patient is not offered', async (t) => {
    const page = await visit(t, { browser, hilum, address: address() })
    await isAt(page, 1, 'Image 1 of 21')
    await page.getByRole('button', { name: /Mar 1, 2025/ }).click()
    await isAt(page, 2, 'Image 1 of 4')
    await isAt(page, 1, 'Image 1 of 21')
    assert.equal(await page.getByText('Of another patient').count(), 0)
    await series(page, 'Axial before').waitFor()
    await takeScreenshot(page, 'study-prior')
    await urlHas(page, `pane=${seriesUid(PRIOR_SERIES)}@${PRIOR}`)
  })

  test('the address opens the same series, slice and window, and has no value of the patient', async (t) => {
    const page = await visit(t, { browser, hilum, address: address() })
    await isAt(page, 1, 'Image 1 of 21')
    await series(page, 'Axial 5 mm').click()
    await isAt(page, 1, 'Image 1 of 9')
    await stageIn(page, 1).press('ArrowDown')
    await isAt(page, 1, 'Image 2 of 9')
    // The window is that of the image: without one there is nothing to widen.
    await page.locator('.viewer-stage[data-state=sharp]').waitFor()
    await stageIn(page, 1).press(']')
    // Waits for another window than the first one.
    const window = await page.getByText(/^W (?!256 )\d+ {2}L \d+$/).innerText()
    const [width, center] = window.match(/\d+/g)!
    await urlHas(page, `pane=${seriesUid(THICK_SERIES)},2,${center},${width}`)
    const url = page.url()
    assert.doesNotMatch(decodeURIComponent(url), /P\*7|Okafor|Ngozi/)
    const colleague = await visit(t, { browser, hilum, address: url.split('/console/')[1]! })
    await isAt(colleague, 1, 'Image 2 of 9')
    await colleague.getByText(window, { exact: true }).waitFor()
    // A link that is pasted into the same tab opens too.
    await colleague.evaluate(() => {
      location.hash = location.hash.replace(',2,', ',7,')
    })
    await isAt(colleague, 1, 'Image 7 of 9')
  })

  test('the next series is loaded ahead, and the one just left is kept', async (t) => {
    const page = await visit(t, { browser, hilum })
    let [frames, finished] = [0, 0]
    // Thumbnails ask for the smallest sufficient width.
    const isFrame = (request: Request) =>
      /getImageFrame/.test(request.url()) && request.headers()['x-hilum-min-width'] === undefined
    page.on('request', (request) => {
      if (isFrame(request)) frames += 1
    })
    page.on('requestfinished', (request) => {
      if (isFrame(request)) finished += 1
    })
    const loaded = async (count: number) => {
      await until(async () => finished >= count || undefined)
      // None more is asked for.
      await page.waitForTimeout(300)
      assert.equal(frames, count)
    }
    await page.goto(`${hilum.endpoint}/console/${address(`pane=${seriesUid(AXIAL_SERIES)}`)}`)
    await isAt(page, 1, 'Image 1 of 21')
    await loaded(21 + 9)
    await stageIn(page, 1).press('n')
    await isAt(page, 1, 'Image 1 of 9')
    await page.locator('.viewer-stage[data-state=sharp]').waitFor()
    // The series after it is loaded now, and neither of the two again.
    await loaded(21 + 9 + 5)
    await stageIn(page, 1).press('p')
    await isAt(page, 1, 'Image 1 of 21')
    await page.locator('.viewer-stage[data-state=sharp]').waitFor()
    await loaded(21 + 9 + 5)
  })

  test('measurements are saved as a DICOM SR in the study, and drawn again', async (t) => {
    const page = await visit(t, { browser, hilum, address: address(`pane=${seriesUid(CORONAL_SERIES)},3`) })
    await isAt(page, 1, 'Image 3 of 5')
    await page.locator('.viewer-stage[data-state=sharp]').waitFor()
    const box = (await stageIn(page, 1).boundingBox())!
    const scale = Math.min(box.width, box.height) / SIZE
    const [x, y] = [box.x + box.width / 2, box.y + box.height / 2]
    const drag = async (key: string, [fromX, fromY, byX, byY]: readonly number[]) => {
      const from = [x + fromX! * scale, y + fromY! * scale] as const
      await stageIn(page, 1).press(key)
      await page.mouse.move(...from)
      await page.mouse.down()
      await page.mouse.move(from[0] + byX! * scale, from[1] + byY! * scale)
      await page.mouse.up()
    }
    // Pixels are 1 mm.
    await drag('d', [0, 0, 12, 5])
    await drag('e', [-5, 5, -20, 10])
    const results = (on: Page) => on.locator('.shape-results > span').allInnerTexts()
    const drawn = await results(page)
    assert.match(drawn[0]!, /^13\.0 mm$/)
    assert.match(drawn[1]!, /^Mean 20\.0 HU\nSD 0\.0 HU/)
    await page.getByRole('button', { name: 'Ellipse', exact: true }).click()
    await page.getByRole('menuitem', { name: 'Save as DICOM SR' }).click()
    await page.getByText('Saved 2 measurements as a DICOM SR in the study.').waitFor()
    await page.getByRole('button', { name: 'Measurements' }).waitFor()
    const colleague = await visit(t, { browser, hilum, address: address(`pane=${seriesUid(CORONAL_SERIES)},3`) })
    await colleague.waitForFunction(() => document.querySelectorAll('.shape-results').length === 2)
    await colleague.waitForFunction(() => document.body.innerText.includes('Mean 20.0 HU'))
    assert.deepEqual(await results(colleague), drawn)
    assert.equal(await colleague.getByRole('button', { name: /^Remove/ }).count(), 0)
    await takeScreenshot(colleague, 'study-saved-measurements')
    // An end of a stored shape is moved: a new shape of 12 x 9 pixels is in its place, until that is undone.
    await stageIn(colleague, 1).press('w')
    const end = [x + 12 * scale, y + 5 * scale] as const
    await colleague.mouse.move(...end)
    await colleague.mouse.down()
    await colleague.mouse.move(end[0], end[1] + 4 * scale)
    await colleague.mouse.up()
    await colleague.getByText('15.0 mm', { exact: true }).waitFor()
    assert.equal(await colleague.locator('.shape-results').count(), 2)
    assert.equal(await colleague.getByRole('button', { name: /^Remove/ }).count(), 1)
    await stageIn(colleague, 1).press('Control+z')
    await colleague.getByText('13.0 mm', { exact: true }).waitFor()
    assert.equal(await colleague.locator('.shape-results').count(), 2)
    // The report itself is readable.
    await colleague.getByRole('button', { name: 'Measurements' }).click()
    await colleague.getByRole('heading', { name: 'Imaging Measurement Report' }).waitFor()
    await colleague.getByText('Length: 13 millimeter').waitFor()
    await assertAccessible(colleague)
  })

  test('an image set links to its study, and the study to the image set', async (t) => {
    const page = await visit(t, { browser, hilum, address: address(`pane=${seriesUid(CORONAL_SERIES)}`) })
    await isAt(page, 1, 'Image 1 of 5')
    await page.getByRole('link', { name: 'Open image set' }).click()
    await page.getByRole('heading', { name: 'Image set', level: 1 }).waitFor()
    await page.getByRole('link', { name: 'Open study' }).click()
    await isAt(page, 1, 'Image 1 of 5')
  })

  test('a study that does not exist is reported', async (t) => {
    const page = await visit(t, { browser, hilum, address: `datastores/${datastoreId}/studies/1.2.3` })
    await page.getByText('This data store has no study with this Study Instance UID.').waitFor()
  })
})
