/** Thumbnails in the search results. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { activeDatastore } from '../../acceptance/support/datastores.ts'
import { openHilum } from '../../acceptance/support/hilum.ts'
import { importFiles } from '../../acceptance/support/import.ts'
import { assertAccessible, openBrowser, skipUnlessChromium, takeScreenshot, visit } from './support/browser.ts'
import { imageFile, pixelOf } from './support/images.ts'

const skip = skipUnlessChromium()
const SERIES = 40
const SIZE = { rows: 512, columns: 512 }
const CONCURRENT_MAX = 4
/** A thumbnail is loaded when it is at most so far below the screen. */
const MARGIN_PIXELS = 200

describe('thumbnails', skip, async () => {
  if ('skip' in skip) return
  const server = await openHilum()
  const { hilum, sdk } = server
  const datastoreId = await activeDatastore(sdk, { datastoreName: 'ward-7' })
  const pixel = pixelOf({ ...SIZE, bitsAllocated: 8, bitsStored: 8 })
  const slice = (series: number, number: number, value: number) =>
    imageFile({
      pixel,
      frames: [new Uint8Array(SIZE.rows * SIZE.columns).fill(value)],
      attributes: {
        ...{
          StudyInstanceUID: `2.25.13.${series}`,
          SOPInstanceUID: `2.25.13.${series}.1.${number}`,
          InstanceNumber: number,
        },
        ...{ WindowCenter: 128, WindowWidth: 256, Modality: 'MR', SeriesDescription: `Series ${series}` },
      },
    })
  const files: Record<string, Uint8Array> = {}
  for (let series = 0; series < SERIES; series++) {
    // The middle image is gray, the others are white.
    for (const [number, value] of [
      [1, 255],
      [2, 100 + series],
      [3, 255],
    ] as const) {
      files[`${series}/${number}.dcm`] = slice(series, number, value)
    }
  }
  files['report.dcm'] = imageFile({ pixel, frames: [], attributes: { Rows: undefined, Columns: undefined } as never })
  await importFiles(server, { datastoreId, files })
  const browser = await openBrowser()

  test('show the middle image, load only part of its bytes, and load a few at a time when visible', async (t) => {
    const page = await visit(t, { browser, hilum })
    const requested: (string | undefined)[] = []
    page.on('request', (request) => {
      if (/getImageFrame/.test(request.url())) requested.push(request.headers()['x-hilum-min-width'])
    })
    await page.goto(`${hilum.endpoint}/console/datastores/${datastoreId}#sort=createdAt.asc`)
    const images = page.locator('.thumbnail img')
    await images.first().waitFor()
    await page.waitForFunction(
      () => [...document.querySelectorAll('.thumbnail')].filter((each) => each.childNodes.length > 0).length >= 8,
    )
    const shown = await page.evaluate(async () => {
      const images = [...document.querySelectorAll<HTMLImageElement>('.thumbnail img')].slice(0, 5)
      return Promise.all(
        images.map(async (image) => {
          await image.decode()
          const canvas = new OffscreenCanvas(image.naturalWidth, image.naturalHeight).getContext('2d')!
          canvas.drawImage(image, 0, 0)
          const middle = canvas.getImageData(image.naturalWidth >> 1, image.naturalHeight >> 1, 1, 1).data[0]!
          return { alt: image.alt, width: image.naturalWidth, middle }
        }),
      )
    })
    for (const { alt, width, middle } of shown) {
      const series = Number(/^MR, Series (\d+), image 2 of 3$/.exec(alt)?.[1])
      assert.ok(series >= 0 && series < SERIES, alt)
      assert.equal(middle, 100 + series)
      assert.equal(width, 96)
    }
    await page.waitForTimeout(500)
    assert.ok(requested.length < SERIES, `${requested.length} of ${SERIES} were fetched before scrolling`)
    assert.deepEqual(new Set(requested), new Set(['96']))
    await assertAccessible(page)
    await takeScreenshot(page, 'thumbnails')
    for (let scrolled = 0; scrolled < 12; scrolled++) {
      await page.mouse.move(700, 700)
      await page.mouse.wheel(0, 700)
      await page.waitForTimeout(150)
    }
    await page.getByText('No images', { exact: true }).waitFor()
    const most = await page.evaluate(() => {
      const fetched = performance.getEntriesByType('resource') as PerformanceResourceTiming[]
      // Without those of rows that were scrolled away: the browser ends an aborted request later than the page does.
      const requested = fetched.filter(
        ({ name, responseStatus }) => /getImage(Frame|SetMetadata)/.test(name) && responseStatus === 200,
      )
      const atOnce = requested.map(
        ({ startTime }) =>
          requested.filter((other) => other.startTime <= startTime && other.responseEnd > startTime).length,
      )
      return Math.max(...atOnce)
    })
    assert.ok(most > 1 && most <= CONCURRENT_MAX, `${most} requests at once`)
  })

  test('take the same room before they are loaded', async (t) => {
    const page = await visit(t, { browser, hilum })
    const { promise: isAllowed, resolve: allow } = Promise.withResolvers<void>()
    await page.route(/assets\/Thumbnail-/, async (route) => {
      await isAllowed
      await route.continue()
    })
    await page.goto(`${hilum.endpoint}/console/datastores/${datastoreId}#sort=createdAt.asc`)
    await page.getByText(/Search took/).waitFor()
    const heights = () =>
      page.locator('tbody tr').evaluateAll((rows) => rows.map((row) => row.getBoundingClientRect().height))
    const before = await heights()
    allow()
    await page.locator('.thumbnail img').first().waitFor()
    assert.deepEqual(await heights(), before)
  })

  test('are cached when the person returns to the page', async (t) => {
    const page = await visit(t, { browser, hilum, address: `datastores/${datastoreId}#sort=createdAt.asc` })
    // All that are visible, or soon would be.
    await page.waitForFunction(
      (margin) =>
        [...document.querySelectorAll('.thumbnail')].every(
          (each) => each.childNodes.length > 0 || each.getBoundingClientRect().top > window.innerHeight + margin,
        ) && document.querySelectorAll('.thumbnail img').length > 3,
      MARGIN_PIXELS,
    )
    let fetched = 0
    page.on('request', (request) => {
      if (/getImageFrame/.test(request.url())) fetched += 1
    })
    await page.getByRole('tab', { name: 'Details' }).click()
    await page.getByRole('tab', { name: 'Image sets' }).click()
    await page.locator('.thumbnail img').nth(3).waitFor()
    assert.equal(fetched, 0)
  })
})
