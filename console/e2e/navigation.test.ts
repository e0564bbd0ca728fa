/** Moving between pages: focus, place in a list, what is shown while a page loads, one alert for one cause, and no growth. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SearchImageSetsCommand } from '@aws-sdk/client-medical-imaging'
import type { Page } from 'playwright-core'
import { openHilum } from '../../acceptance/support/hilum.ts'
import { until } from '../../acceptance/support/until.ts'
import { assertAccessible, openBrowser, skipUnlessChromium, takeScreenshot, visit } from './support/browser.ts'
import { demoDatastore } from './support/demo-series.ts'

/** Of forty page changes. One page that is kept has about a thousand nodes. */
const GROWTH_MAX = { nodes: 500, jsEventListeners: 100, heapBytes: 4_000_000, bufferBytes: 20_000_000 }

const skip = skipUnlessChromium()

describe('navigation', skip, async () => {
  if ('skip' in skip) return
  const server = await openHilum()
  const { hilum, sdk } = server
  const datastoreId = await demoDatastore(server, { datastoreName: 'demo', instances: 150 })
  const { imageSetsMetadataSummaries } = await sdk.send(new SearchImageSetsCommand({ datastoreId }))
  const imageSets = imageSetsMetadataSummaries!
  const { imageSetId, DICOMTags } = imageSets.find(({ DICOMTags }) => DICOMTags?.DICOMSeriesModality === 'CT')!
  const study = DICOMTags!.DICOMStudyInstanceUID!
  const store = `datastores/${datastoreId}`
  const browser = await openBrowser()

  const heading = (page: Page, name: string) => page.getByRole('heading', { level: 1, name, exact: true })
  const focused = (page: Page) =>
    page.evaluate(() => {
      const element = document.activeElement
      return element === null || element === document.body ? 'nothing' : `${element.localName} ${element.textContent}`
    })
  const waitForFocus = (page: Page, text: string) =>
    page.waitForFunction((text) => {
      const element = document.activeElement
      return `${element?.localName} ${element?.textContent}` === text
    }, text)

  test('a page that is opened has the focus at its heading, and Back returns to the link in the list', async (t) => {
    const page = await visit(t, { browser, hilum, address: store, options: { viewport: { width: 1280, height: 500 } } })
    await page.getByText(/Search took/).waitFor()
    assert.equal(await focused(page), 'nothing')
    const link = page.locator('tbody tr a').last()
    const name = await link.textContent()
    await link.scrollIntoViewIfNeeded()
    const scrolled = await page.evaluate(() => window.scrollY)
    assert.ok(scrolled > 100, `${scrolled}`)
    await link.click()
    await heading(page, 'Image set').waitFor()
    await waitForFocus(page, 'h1 Image set')
    await page.locator('.viewer-stage[data-state=sharp]').waitFor()
    assert.equal(await focused(page), 'h1 Image set')
    assert.equal(await page.title(), 'Image set – Hilum')
    assert.equal(await page.evaluate(() => window.scrollY), 0)
    await page.goBack()
    await waitForFocus(page, `a ${name}`)
    assert.equal(await page.evaluate(() => window.scrollY), scrolled)
    await page.goForward()
    await heading(page, 'Image set').waitFor()
  })

  test('the first Tab reaches a link to the main content', async (t) => {
    const page = await visit(t, { browser, hilum, address: `${store}#patient=nobody` })
    await page.getByText('No matches').waitFor()
    await page.keyboard.press('Tab')
    assert.equal(await focused(page), 'a Skip to main content')
    await takeScreenshot(page, 'skip-link')
    await page.keyboard.press('Enter')
    assert.equal(await focused(page), 'h1 demo')
    assert.ok(page.url().endsWith('#patient=nobody'))
  })

  test('a page shows its heading and that it loads while the server takes its time', async (t) => {
    const page = await visit(t, { browser, hilum })
    await page.getByRole('link', { name: 'demo' }).waitFor()
    const released = Promise.withResolvers<void>()
    await page.route(/\/(datastore\/|hilum\/|console\/assets\/.*\.js)/, async (route) => {
      await released.promise
      await route.fallback()
    })
    // Two frames: one that shows the page, and the one before.
    const shownAfterFrame = (path: string) =>
      page.evaluate((path) => {
        const link = Object.assign(document.createElement('a'), { href: `/console/${path}` })
        document.body.append(link)
        link.click()
        link.remove()
        return new Promise<string[]>((resolve) =>
          requestAnimationFrame(() =>
            requestAnimationFrame(() => {
              const main = document.querySelector<HTMLElement>('#content')
              resolve([main?.querySelector('h1')?.textContent ?? '', main?.innerText ?? ''])
            }),
          ),
        )
      }, path)
    const pages: Readonly<Record<string, [heading: string, loading: RegExp]>> = {
      [store]: ['demo', /Searching/],
      [`${store}/studies`]: ['demo', /Loading tab/],
      [`${store}/imports`]: ['demo', /Loading tab/],
      [`${store}/details`]: ['demo', /Loading/],
      [`${store}/image-sets/${imageSetId}`]: ['Image set', /Loading page/],
      [`${store}/studies/${study}`]: ['Study', /Loading page/],
      [`${store}/import`]: ['Import DICOM data', /Loading page/],
      [`${store}/imports/${'0'.repeat(32)}`]: ['Import job', /Loading page/],
      principals: ['Principals', /Loading page/],
      policies: ['Policies', /Loading page/],
    }
    for (const [path, [title, loading]] of Object.entries(pages)) {
      const [h1, text] = await shownAfterFrame(path)
      const expected = title === 'demo' ? /^(demo|[0-9a-f]{32})$/ : new RegExp(`^${title}$`)
      assert.match(h1!, expected, path)
      assert.match(text!, loading, path)
    }
    await takeScreenshot(page, 'loading-page')
    released.resolve()
    await page.getByText('AWSHealthImagingReadOnlyAccess').waitFor()
    // Of the job that does not exist, and of requests for pages that were left.
  })

  test('an unreachable server is one alert on a page with several requests, and Retry repeats them all', async (t) => {
    const address = `${store}/studies/${study}#layout=1x2`
    const page = await visit(t, { browser, hilum, address: '', expectedLog: /ERR_|Failed to load/ })
    await page.getByRole('link', { name: 'demo' }).waitFor()
    let isAway = true
    const failed: string[] = []
    const { promise: isRetried, resolve: retried } = Promise.withResolvers<void>()
    await page.route(/getImageSetMetadata/, async (route) => {
      if (isAway) {
        failed.push(route.request().url())
        return route.abort('connectionrefused')
      }
      await isRetried
      return route.fallback()
    })
    await page.goto(`${hilum.endpoint}/console/${address}`)
    await page.locator('.study-side .thumbnail').nth(1).waitFor()
    await page.locator('[data-pane="2"] button').click()
    await page.locator('.study-side .thumbnail').nth(1).click()
    await page.getByText("Can't connect to the server").first().waitFor()
    await page.getByText('Loading series').first().waitFor({ state: 'detached' })
    assert.ok(new Set(failed).size >= 2)
    await takeScreenshot(page, 'one-alert')
    assert.equal(await page.getByText("Can't connect to the server").count(), 1)
    // The page tries again by itself too: an answer before the click would take the alert away.
    isAway = false
    await page.getByRole('button', { name: 'Retry' }).click()
    retried()
    await page.locator('.viewer-stage[data-state=sharp]').nth(1).waitFor()
    assert.equal(await page.getByText("Can't connect to the server").count(), 0)
  })

  test('? lists the keys of the page, / goes to its field, and neither works while a person types', async (t) => {
    const page = await visit(t, { browser, hilum, address: `${store}/studies` })
    await page.getByText(/Search took/).waitFor()
    await page.keyboard.press('/')
    assert.equal(
      await page.evaluate(() => document.activeElement?.getAttribute('placeholder')),
      'Beginnings of words: mar ele',
    )
    await page.keyboard.type('a/?')
    assert.equal(await page.getByLabel('Patient name').inputValue(), 'a/?')
    const dialog = page.getByRole('dialog', { name: 'Keyboard shortcuts' })
    assert.equal(await dialog.count(), 0)
    await page.keyboard.press('Tab')
    await page.getByRole('button', { name: 'Refresh' }).focus()
    await page.keyboard.press('?')
    await dialog.getByText('Go to the search or filter field').waitFor()
    assert.equal(await dialog.getByText('Zoom in').count(), 0)
    await assertAccessible(page)
    await page.keyboard.press('Escape')
    await dialog.waitFor({ state: 'detached' })

    await page.goto(`${hilum.endpoint}/console/${store}/studies/${study}`)
    await page.locator('.viewer-stage[data-state=sharp]').waitFor()
    await page.getByRole('application').focus()
    await page.keyboard.press('?')
    await dialog.getByText('Zoom in').waitFor()
    await dialog.getByText('Next series').waitFor()
    await takeScreenshot(page, 'keys')
    await dialog.getByText('Use ? and / as shortcuts').click()
    await dialog.getByRole('button', { name: 'Close' }).last().click()
    await page.keyboard.press('?')
    await page.getByRole('button', { name: /^Account/ }).click()
    assert.equal(await dialog.count(), 0)
    await page.getByRole('menuitem', { name: 'Keyboard shortcuts' }).click()
    await dialog.waitFor()
  })

  test('dates and numbers are in the language of the browser', async (t) => {
    for (const [locale, date, duration] of [
      ['de-DE', '14.01.2026', /Search took \d[\d,]* (ms|s)/],
      ['ja-JP', '2026/01/14', /Search took \d[\d.]* (ms|s)/],
    ] as const) {
      const page = await visit(t, { browser, hilum, address: store, options: { locale } })
      await page.getByText(duration).waitFor()
      await page.locator('tbody').getByText(date).first().waitFor()
      assert.equal(await page.locator('html').getAttribute('lang'), 'en')
      await page.getByRole('button', { name: /^Date range/ }).click()
      await takeScreenshot(page, `locale-${locale}`)
      await page.goto(`${hilum.endpoint}/console/${store}/image-sets/${imageSetId}`)
      await page.locator('.viewer-stage[data-state=sharp]').waitFor()
      await page.locator('.viewer-overlay').getByText(date).waitFor()
      await page.getByText(date).nth(1).waitFor()
      await takeScreenshot(page, `locale-image-set-${locale}`)
    }
  })

  test('an ARN has line breaks after colons and slashes only, and a wide screen is used', async (t) => {
    const options = { viewport: { width: 390, height: 844 }, hasTouch: true }
    const page = await visit(t, { browser, hilum, address: `${store}/details`, options })
    const parts = page.locator('.copyable-part')
    await parts.first().waitFor()
    await takeScreenshot(page, 'arn-phone')
    const heights = await parts.evaluateAll((all) => all.map((part) => part.getClientRects()[0]!.height))
    assert.ok(Math.max(...heights) < 30, `a part has several lines: ${heights}`)
    await page.setViewportSize({ width: 2560, height: 1300 })
    const widthOf = async (path: string, selector: string, name: string) => {
      await page.goto(`${hilum.endpoint}/console/${path}`)
      const element = page.locator(selector).first()
      await element.waitFor()
      await takeScreenshot(page, `wide-${name}`)
      return (await element.boundingBox())!.width
    }
    for (const [name, path, selector] of [
      ['search', store, 'tbody tr'],
      ['studies', `${store}/studies`, 'tbody tr'],
      ['details', `${store}/details`, '#content [role=tabpanel] dl'],
      ['study', `${store}/studies/${study}`, '.study-view:has(.viewer-stage[data-state=sharp])'],
    ] as const)
      assert.ok((await widthOf(path, selector, name)) > 2000, path)
    for (const [name, path] of [
      ['create', 'create'],
      ['import', `${store}/import`],
    ] as const)
      assert.ok((await widthOf(path, '#content form', name)) > 1500, path)
  })

  test('fifty page changes do not grow the memory of the tab', async (t) => {
    const page = await visit(t, { browser, hilum })
    const devtools = await page.context().newCDPSession(page)
    const measure = async () => {
      await devtools.send('HeapProfiler.enable')
      // The first frees what finalizers hold.
      for (let times = 0; times < 2; times++) await devtools.send('HeapProfiler.collectGarbage')
      const { nodes, jsEventListeners } = await devtools.send('Memory.getDOMCounters')
      const { usedSize, backingStorageSize = 0 } = (await devtools.send('Runtime.getHeapUsage')) as {
        usedSize: number
        backingStorageSize?: number
      }
      return { nodes, jsEventListeners, heapBytes: usedSize, bufferBytes: backingStorageSize }
    }
    const toDatastores = async () => {
      await page.getByRole('link', { name: 'Data stores' }).click()
      await page.getByRole('link', { name: 'demo' }).waitFor()
    }
    /** Five page changes. */
    const round = async () => {
      await page.getByRole('link', { name: 'demo' }).click()
      await page.locator(`tbody a[href$="${imageSetId}"]`).first().click()
      await page.locator('.viewer-stage[data-state=sharp]').waitFor()
      await page.getByRole('link', { name: 'Open study' }).click()
      await page.locator('.study-side').waitFor()
      await page.locator('.viewer-stage[data-state=sharp]').waitFor()
      await page.goBack()
      await page.locator('.viewer-stage[data-state=sharp]').waitFor()
      await toDatastores()
    }
    for (let rounds = 0; rounds < 2; rounds++) await round()
    const before = await measure()
    for (let rounds = 0; rounds < 8; rounds++) await round()
    // What the browser has not freed yet is freed in time, and what the page keeps is not.
    let grown: Record<string, number> = {}
    await until(async () => {
      const after = Object.entries(await measure())
      grown = Object.fromEntries(after.map(([name, value]) => [name, value - before[name as keyof typeof before]]))
      return Object.entries(GROWTH_MAX).every(([name, most]) => grown[name]! <= most) || undefined
    }).catch(() => assert.fail(JSON.stringify(grown)))
  })
})
