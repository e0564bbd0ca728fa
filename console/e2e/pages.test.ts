/** Every page in light and dark and on a phone: nothing serious for axe, nothing wider than the screen, and a image to look at. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { SearchImageSetsCommand } from '@aws-sdk/client-medical-imaging'
import type { BrowserContextOptions, Locator, Page } from 'playwright-core'
import { openHilum } from '../../acceptance/support/hilum.ts'
import { assertAccessible, takeScreenshot, openBrowser, skipUnlessChromium, visit } from './support/browser.ts'
import { demoDatastore } from './support/demo-series.ts'

const skip = skipUnlessChromium()

interface Shown {
  readonly name: string
  readonly address: string
  /** Until it is all there. */
  ready(page: Page): Promise<unknown>
}

const LOOKS: readonly { readonly look: string; readonly options: BrowserContextOptions }[] = [
  { look: 'light', options: { colorScheme: 'light' } },
  { look: 'dark', options: { colorScheme: 'dark' } },
  { look: 'phone', options: { colorScheme: 'light', viewport: { width: 390, height: 844 }, hasTouch: true } },
]

describe('pages', skip, async () => {
  if ('skip' in skip) return
  const server = await openHilum()
  const { hilum, sdk } = server
  const empty = await openHilum()
  const datastoreId = await demoDatastore(server, { datastoreName: 'demo', instances: 150 })
  const { imageSetsMetadataSummaries } = await sdk.send(new SearchImageSetsCommand({ datastoreId }))
  const imageSetId = imageSetsMetadataSummaries!.find(
    ({ DICOMTags }) => DICOMTags?.DICOMSeriesModality === 'CT',
  )!.imageSetId
  const browser = await openBrowser()
  const store = `datastores/${datastoreId}`

  const pages: readonly Shown[] = [
    { name: 'datastores', address: '', ready: (page) => page.getByRole('link', { name: 'demo' }).waitFor() },
    {
      name: 'search',
      address: store,
      async ready(page) {
        await page.getByText(/Search took/).waitFor()
        await page.waitForFunction(() => document.querySelectorAll('.thumbnail img').length === 4)
      },
    },
    {
      name: 'search-nothing',
      address: `${store}#patient=nobody&updated=-7d`,
      ready: (page) => page.getByText('Nothing matches').waitFor(),
    },
    {
      name: 'copy-as',
      address: `${store}#series=1.2.3&updated=-7d`,
      async ready(page) {
        await page.getByText('Nothing matches').waitFor()
        await page.getByRole('button', { name: 'Copy as' }).click()
        await page.getByRole('menuitem', { name: 'JavaScript' }).click()
        await page.locator('pre.snippet').waitFor()
      },
    },
    {
      name: 'date-range',
      address: store,
      async ready(page) {
        await page.getByText(/Search took/).waitFor()
        await page.getByRole('button', { name: /^Date range/ }).click()
        await page.getByText('Last 7 days').waitFor()
      },
    },
    { name: 'datastore-details', address: `${store}/details`, ready: (page) => page.getByText('radiology').waitFor() },
    { name: 'imports', address: `${store}/imports`, ready: (page) => page.getByText('Completed').waitFor() },
    { name: 'create', address: 'create', ready: (page) => page.getByText('Frames are stored as').waitFor() },
    { name: 'import', address: `${store}/import`, ready: (page) => page.getByText('Choose a folder').waitFor() },
    {
      name: 'image-set',
      address: `${store}/image-sets/${imageSetId}`,
      async ready(page) {
        await page.getByRole('button', { name: 'Open Instance 1', exact: true }).waitFor()
        await page.locator('.viewer-stage[data-state=sharp]').waitFor()
      },
    },
    { name: 'not-found', address: 'nowhere', ready: (page) => page.getByText('This address leads nowhere').waitFor() },
  ]

  for (const { look, options } of LOOKS) {
    for (const { name, address, ready } of pages) {
      test(`${name}, ${look}`, async (t) => {
        const page = await visit(t, { browser, hilum, address, options })
        await ready(page)
        await assertAccessible(page)
        await takeScreenshot(page, `${name}-${look}`)
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
        assert.ok(overflow <= 0, `the page is ${overflow} pixels wider than the screen`)
      })
    }
  }

  test('a server without data stores says how to begin', async (t) => {
    const page = await visit(t, { browser, hilum: empty.hilum })
    await page.getByText('No data stores').waitFor()
    await assertAccessible(page)
    await takeScreenshot(page, 'datastores-none')
    await page.getByRole('link', { name: 'Create data store' }).first().click()
    await page.getByLabel(/^Name/).fill('a name')
    await page.getByText(/no space/).waitFor()
    await page.getByLabel(/^Name/).fill('first')
    await page.getByRole('radio', { name: /JPEG 2000/ }).check()
    await page.getByRole('button', { name: 'Create data store' }).click()
    await page.getByText('The data store first is being made.').waitFor()
    await page.getByText('Active').waitFor()
    await page.getByRole('link', { name: 'first' }).click()
    await page.getByText('No image sets yet').waitFor()

    await page.getByRole('tab', { name: 'Details' }).click()
    await page.getByText('JPEG 2000, lossless').waitFor()
    await page.getByRole('button', { name: 'Delete data store' }).click()
    await page.getByLabel('Type first to confirm').fill('first')
    await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click()
    await page.getByText('The data store first is being deleted.').waitFor()
    await page.getByText('Deleted', { exact: true }).waitFor()
  })

  test('a data store that holds image sets is not deleted, and says why', async (t) => {
    const page = await visit(t, { browser, hilum, address: `${store}/details`, mayLog: /409/ })
    await page.getByRole('button', { name: 'Delete data store' }).click()
    await page.getByLabel('Type demo to confirm').fill('demo')
    await page.keyboard.press('Enter')
    await page.getByText(/holds image sets; delete them all first/).waitFor()
  })

  test('a page whose files a newer build has replaced says so', async (t) => {
    const page = await visit(t, { browser, hilum, mayLog: /./ })
    await page.route(/assets\/CreateDatastorePage/, (route) => route.fulfill({ status: 404 }))
    await page.getByRole('link', { name: 'Create data store' }).click()
    await page.getByText('This part of the console could not be loaded').waitFor()
    await page.unroute(/assets\/CreateDatastorePage/)
    await page.getByRole('button', { name: 'Load again' }).click()
    await page.getByText('Frames are stored as').waitFor()
  })

  test('a search is made with the keyboard alone', async (t) => {
    const page = await visit(t, { browser, hilum, address: store })
    await page.getByText(/Search took/).waitFor()
    const property = page.getByRole('button', { name: 'Property filter' })
    const value = page.getByPlaceholder('Enter value to search')
    const hasFocus = (field: Locator) => field.evaluate((element) => element === document.activeElement)
    for (let at = 0; at < 40 && !(await hasFocus(property)); at++) await page.keyboard.press('Tab')
    await page.keyboard.press('Enter')
    await page.keyboard.type('Patient')
    await page.keyboard.press('Enter')
    await page.keyboard.press('Tab')
    assert.ok(await hasFocus(value))
    await page.keyboard.type('DEMO-0001')
    await page.keyboard.press('Enter')
    await page.waitForURL(/#patient=DEMO-0001$/)
  })

  test('light and dark are a button, kept for the next time', async (t) => {
    const page = await visit(t, { browser, hilum, options: { colorScheme: 'light' } })
    await page.getByRole('button', { name: 'Use dark colours' }).click()
    await page.locator('body.awsui-dark-mode').waitFor()
    await page.reload()
    await page.locator('body.awsui-dark-mode').waitFor()
  })
})
