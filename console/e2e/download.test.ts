/** What leaves the console: DICOM files as zip archives, pictures, and links to what is on the screen. */
import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import type { Page } from 'playwright-core'
import { activeDatastore } from '../../acceptance/support/datastores.ts'
import { openHilum } from '../../acceptance/support/hilum.ts'
import { until } from '../../acceptance/support/until.ts'
import { signedFetch } from '../../src/cli/client/signed-fetch.ts'
import { parseP10 } from '../../src/dicom/parse.ts'
import { assertAccessible, openBrowser, skipUnlessChromium, takeScreenshot, visit } from './support/browser.ts'
import { imageFile, imageSetAddress, importSet, lacks, pixelOf, waitForState } from './support/images.ts'

const withoutUnzip = lacks(['unzip', 'unzip'])
const skip = withoutUnzip === false ? skipUnlessChromium() : { skip: withoutUnzip }
const [COLUMNS, ROWS] = [60, 40]
const STUDY = '2.25.701'
const SLICE = pixelOf({ rows: ROWS, columns: COLUMNS, bitsStored: 12 })
/** Each pixel of a slice has another value. */
const valuesOf = (slice: number) => Uint16Array.from({ length: ROWS * COLUMNS }, (_, at) => at + 100 * slice)
const WINDOW = { center: 1_200, width: 2_000 }

/** PS3.3 C.11.2.1.2. */
const greyOf = (value: number): number => {
  const share = (value - (WINDOW.center - 0.5)) / (WINDOW.width - 1) + 0.5
  return Math.round(Math.max(0, Math.min(1, share)) * 255)
}

describe('downloads, pictures and links', skip, async () => {
  if ('skip' in skip) return
  const server = await openHilum()
  const { hilum, sdk } = server
  const datastoreId = await activeDatastore(sdk, { datastoreName: 'ward-7' })
  const files = [1, 2, 3].map((slice) =>
    imageFile({
      pixel: SLICE,
      frames: [new Uint8Array(valuesOf(slice).buffer)],
      attributes: {
        ...{ StudyInstanceUID: STUDY, SeriesInstanceUID: `${STUDY}.1`, SeriesNumber: 4, Modality: 'CT' },
        ...{ SOPInstanceUID: `${STUDY}.1.${slice}`, InstanceNumber: slice, SeriesDescription: 'Axial' },
        ...{ PatientName: 'Okafor^Ngozi', PatientID: 'P7', StudyDate: '20261101', PixelSpacing: ['1', '1'] },
        ...{ ImageOrientationPatient: ['1', '0', '0', '0', '1', '0'], ImagePositionPatient: ['0', '0', String(slice)] },
        ...{ WindowCenter: WINDOW.center, WindowWidth: WINDOW.width },
      },
    }),
  )
  const imageSetId = await importSet(server, { datastoreId, files })
  await importSet(server, { datastoreId, files: [imageFile({ pixel: SLICE })] })
  const browser = await openBrowser()
  const study = `datastores/${datastoreId}/studies/${STUDY}`
  const opened = async (page: Page) => {
    await page.getByText('Image 1 of 3', { exact: true }).waitFor()
    await waitForState(page, 'sharp')
  }
  const stage = (page: Page) => page.getByRole('application')

  async function downloaded(page: Page, item: number, menu = 'Download') {
    const download = page.waitForEvent('download')
    await page.getByRole('button', { name: menu, exact: true }).click()
    await page
      .getByRole('menuitem', { name: /DICOM files/ })
      .nth(item)
      .click()
    const file = await download
    const folder = mkdtempSync(join(tmpdir(), 'hilum-download-'))
    execFileSync('unzip', ['-q', (await file.path())!, '-d', folder])
    const paths = readdirSync(join(folder, 'DICOM'), { recursive: true, encoding: 'utf8' }).filter((path) =>
      /IM\d+$/.test(path),
    )
    const images = paths.map((path) => readFileSync(join(folder, 'DICOM', path)))
    rmSync(folder, { recursive: true })
    return { name: file.suggestedFilename(), paths: paths.sort(), images }
  }

  test('a study and a series are saved as zip archives, with the pixels that were imported', async (t) => {
    const page = await visit(t, { browser, hilum, address: study })
    await opened(page)
    const whole = await downloaded(page, 0)
    assert.deepEqual([whole.name, whole.images.length], [`${STUDY}.zip`, 3])
    for (const file of whole.images) {
      const { dataSet } = parseP10(file)
      const values = valuesOf(Number(dataSet.string('00200013')))
      assert.ok(file.subarray(-values.byteLength).equals(Buffer.from(values.buffer)))
    }
    await page.getByText(`Download started: ${STUDY}.zip, 3 instances. Your browser shows its progress.`).waitFor()
    await assertAccessible(page)
    const series = await downloaded(page, 3)
    assert.equal(series.name, `${STUDY}.1.zip`)
    assert.equal(parseP10(series.images[0]!).transferSyntaxUID, '1.2.840.10008.1.2.4.202')
    await page.getByRole('button', { name: 'Download', exact: true }).click()
    await takeScreenshot(page, 'download-study')
  })

  test('selected image sets are saved as one archive, with a folder for each study', async (t) => {
    const page = await visit(t, { browser, hilum, address: `datastores/${datastoreId}` })
    await page.getByRole('checkbox', { name: 'Select all image sets of this page' }).first().check()
    const { name, paths } = await downloaded(page, 0, 'Actions')
    assert.match(name, /^dicom-\d{4}-\d\d-\d\d\.zip$/)
    assert.deepEqual([paths.length, new Set(paths.map((path) => path.split('/')[0])).size], [4, 2])
    await page.getByText(/Download started: .*, 4 instances/).waitFor()
    await page.getByRole('button', { name: 'Actions' }).click()
    await takeScreenshot(page, 'download-selected')
  })

  test('an image set is saved in the version that is shown', async (t) => {
    const page = await visit(t, { browser, hilum, address: imageSetAddress(datastoreId, imageSetId) })
    const { name, images } = await downloaded(page, 0)
    assert.deepEqual([name, images.length], [`${imageSetId}-v1.zip`, 3])
    await takeScreenshot(page, 'download-image-set')
  })

  test('who may look but not download is told so, and stays on the page', async (t) => {
    const statements = [
      { Effect: 'Allow', Action: 'medical-imaging:*', Resource: '*' },
      { Effect: 'Deny', Action: 'medical-imaging:GetDICOMInstance', Resource: '*' },
    ]
    const policyDocument = JSON.stringify({ Version: '2012-10-17', Statement: statements })
    const body = JSON.stringify({ principalName: 'mary', policies: [{ policyName: 'look', policyDocument }] })
    const created = await signedFetch(hilum.client, { method: 'POST', path: '/hilum/principals', body })
    const credentials = (await created.json()) as typeof hilum.client.credentials
    const mary = { endpoint: hilum.endpoint, client: { credentials } }
    const page = await visit(t, { browser, hilum: mary, address: study, expectedLog: /403/ })
    await opened(page)
    await page.getByRole('button', { name: 'Download', exact: true }).click()
    await page
      .getByRole('menuitem', { name: /^DICOM files/ })
      .first()
      .click()
    await page
      .getByText(/Can't download these files.*is not authorized to perform: medical-imaging:GetDICOMInstance/)
      .waitFor()
    await takeScreenshot(page, 'download-refused')
    assert.match(page.url(), /\/studies\//)
  })

  /** The pixels of a PNG, as the browser reads them. */
  const pixelsOf = (page: Page, png: Buffer): Promise<{ width: number; height: number; red: number[] }> =>
    page.evaluate(
      async (url) => {
        const image = new Image()
        image.src = url
        await image.decode()
        const canvas = new OffscreenCanvas(image.width, image.height)
        const context = canvas.getContext('2d')!
        context.drawImage(image, 0, 0)
        const { data } = context.getImageData(0, 0, image.width, image.height)
        return { width: image.width, height: image.height, red: Array.from(data).filter((_, at) => at % 4 === 0) }
      },
      `data:image/png;base64,${png.toString('base64')}`,
    )

  const chooses = async (page: Page, item: string) => {
    await page.getByRole('button', { name: 'Picture', exact: true }).click()
    await page.getByRole(/^(Save|Copy)/.test(item) ? 'menuitem' : 'menuitemcheckbox', { name: item }).click()
  }
  const saved = async (page: Page) => {
    const download = page.waitForEvent('download')
    await chooses(page, 'Save picture')
    const file = await download
    return { name: file.suggestedFilename(), png: readFileSync((await file.path())!) }
  }

  test('a picture has the resolution, the window and the orientation of the image on the screen', async (t) => {
    const page = await visit(t, { browser, hilum, address: study })
    await opened(page)
    await chooses(page, 'Measurements, sides and window')
    const upright = await saved(page)
    assert.equal(upright.name, 'CT-series-4-image-1.png')
    const { width, height, red } = await pixelsOf(page, upright.png)
    assert.deepEqual([width, height], [COLUMNS, ROWS])
    assert.deepEqual(red, Array.from(valuesOf(1), greyOf))
    // Turned to the right: the first row becomes the last column.
    await page.getByRole('button', { name: 'Turn', exact: true }).click()
    await page.getByRole('menuitem', { name: 'Turn right' }).click()
    await page.getByRole('button', { name: 'Invert' }).click()
    const turned = await pixelsOf(page, (await saved(page)).png)
    assert.deepEqual([turned.width, turned.height], [ROWS, COLUMNS])
    const expected = Array.from({ length: ROWS * COLUMNS }, (_, at) => {
      const [x, y] = [at % ROWS, Math.floor(at / ROWS)]
      return 255 - red[(ROWS - 1 - x) * COLUMNS + y]!
    })
    assert.deepEqual(turned.red, expected)
  })

  test('a picture has measurements, and the name of the patient only if that is chosen', async (t) => {
    const page = await visit(t, {
      browser,
      hilum,
      address: study,
      options: { permissions: ['clipboard-read', 'clipboard-write'] },
    })
    await opened(page)
    const box = (await stage(page).boundingBox())!
    await stage(page).press('d')
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2)
    await page.mouse.down()
    await page.mouse.move(box.x + box.width / 2 + 100, box.y + box.height / 2 + 40)
    await page.mouse.up()
    await page.locator('.shape-results').waitFor()
    const annotated = await pixelsOf(page, (await saved(page)).png)
    assert.deepEqual(
      [annotated.width, annotated.height],
      [13 * COLUMNS, 13 * ROWS],
      'enlarged, so that texts can be read',
    )
    await chooses(page, 'Patient and study')
    const { png } = await saved(page)
    const named = await pixelsOf(page, png)
    const changed = (from: number, to: number) => {
      const rows = annotated.red.slice(from * annotated.width, to * annotated.width)
      return rows.some((red, at) => red !== named.red[from * annotated.width + at])
    }
    assert.deepEqual([changed(0, 100), changed(100, annotated.height)], [true, false], 'the corners at the top')
    await chooses(page, 'Copy picture')
    await page.getByText('Picture copied.').waitFor()
    const copied = await page.evaluate(async () => {
      const [item] = await navigator.clipboard.read()
      return Array.from(new Uint8Array(await (await item!.getType('image/png')).arrayBuffer()))
    })
    assert.deepEqual((await pixelsOf(page, Buffer.from(copied))).red, named.red)
    await page.getByRole('button', { name: 'Picture', exact: true }).click()
    await takeScreenshot(page, 'picture-menu')
    await assertAccessible(page)
  })

  test('a copied link opens the same view in another browser, and has no value of the patient', async (t) => {
    const options = { permissions: ['clipboard-read', 'clipboard-write'] }
    const page = await visit(t, {
      browser,
      hilum,
      address: `${study}#layout=1x2&pane=${STUDY}.1&pane=${STUDY}.1,3`,
      options,
    })
    const pane = (on: Page, number: number) => on.locator(`.study-pane[data-pane="${number}"]`)
    await pane(page, 2).getByText('Image 3 of 3', { exact: true }).waitFor()
    const left = pane(page, 1).getByRole('application')
    await page.getByRole('button', { name: 'Link scrolling' }).click()
    for (const key of ['ArrowDown', ']', '+', '+', 'i']) await left.press(key)
    await page.getByRole('button', { name: 'Turn', exact: true }).click()
    await page.getByRole('menuitem', { name: 'Turn right' }).click()
    await page.getByRole('button', { name: 'Turn', exact: true }).click()
    await page.getByRole('menuitem', { name: 'Flip left and right' }).click()
    await page.getByRole('button', { name: 'Pan', exact: true }).click()
    const box = (await left.boundingBox())!
    await page.mouse.move(box.x + 100, box.y + 100)
    await page.mouse.down()
    await page.mouse.move(box.x + 143, box.y + 117)
    await page.mouse.up()
    await page.getByRole('button', { name: 'Copy link' }).click()
    await page.getByText('Link copied.').waitFor()
    const link = await page.evaluate(() => navigator.clipboard.readText())
    assert.doesNotMatch(decodeURIComponent(link), /Okafor|Ngozi|P7/)
    const colleague = await visit(t, { browser, hilum, address: link.split('/console/')[1]! })
    await pane(colleague, 1).getByText('Image 2 of 3', { exact: true }).waitFor()
    await pane(colleague, 2).getByText('Image 3 of 3', { exact: true }).waitFor()
    const textOf = (on: Page) => pane(on, 1).locator('.viewer-overlay').innerText()
    const greysOf = (on: Page) =>
      pane(on, 1)
        .locator('.viewer-canvas')
        .evaluate((canvas: HTMLCanvasElement) => {
          // From a copy, because browsers log a warning for repeated reads of a visible canvas.
          const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d')!
          copy.drawImage(canvas, 0, 0)
          return Array.from(copy.getImageData(0, 0, canvas.width, canvas.height).data).filter((_, at) => at % 4 === 0)
        })
    const difference = async () => {
      const [one, other] = [await greysOf(page), await greysOf(colleague)]
      return one.length === other.length
        ? one.reduce((most, grey, at) => Math.max(most, Math.abs(grey - other[at]!)), 0)
        : 255
    }
    // The message at the top of the page leaves less room for the stage.
    await page.getByRole('button', { name: 'Dismiss' }).click()
    for (const each of [page, colleague]) await pane(each, 1).locator('[data-state=sharp]').waitFor()
    // Until both stages have their size, and the slow, better interpolation is drawn in both.
    await until(async () => (await textOf(colleague)) === (await textOf(page)) || undefined)
    await until(async () => (await difference()) <= 2 || undefined)
    await takeScreenshot(colleague, 'copied-link')
  })
})
