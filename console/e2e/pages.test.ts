/** Every page in light mode, dark mode and at phone width: accessible, not wider than the screen, with a screenshot. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ListDICOMImportJobsCommand, SearchImageSetsCommand } from '@aws-sdk/client-medical-imaging'
import type { Locator, Page } from 'playwright-core'
import { openHilum } from '../../acceptance/support/hilum.ts'
import { sample } from '../../src/fixtures/soak.ts'
import { assertAccessible, openBrowser, skipUnlessChromium, takeScreenshot, visit } from './support/browser.ts'
import { demoDatastore } from './support/demo-series.ts'

const skip = skipUnlessChromium()

interface PageCase {
  readonly name: string
  readonly address: string
  /** Waits until the page is complete. */
  ready(page: Page): Promise<unknown>
  /** Whether `ready` opens something that is laid out once, so that each variant opens it again. */
  readonly opens?: boolean
}

interface Variant {
  readonly variant: string
  readonly colorScheme: 'light' | 'dark'
  readonly viewport: { readonly width: number; readonly height: number }
}

const DESK = { width: 1440, height: 1000 }
const VARIANTS: readonly Variant[] = [
  { variant: 'light', colorScheme: 'light', viewport: DESK },
  { variant: 'dark', colorScheme: 'dark', viewport: DESK },
  { variant: 'phone', colorScheme: 'light', viewport: { width: 390, height: 844 } },
]

describe('pages', skip, async () => {
  if ('skip' in skip) return
  const server = await openHilum()
  const { hilum, sdk } = server
  const empty = await openHilum()
  const datastoreId = await demoDatastore(server, { datastoreName: 'demo', instances: 150 })
  const { imageSetsMetadataSummaries } = await sdk.send(new SearchImageSetsCommand({ datastoreId }))
  const { imageSetId, DICOMTags } = imageSetsMetadataSummaries!.find(
    ({ DICOMTags }) => DICOMTags?.DICOMSeriesModality === 'CT',
  )!
  const { jobSummaries } = await sdk.send(new ListDICOMImportJobsCommand({ datastoreId }))
  const { jobId } = jobSummaries![0]!
  const browser = await openBrowser()
  const store = `datastores/${datastoreId}`

  const pages: readonly PageCase[] = [
    { name: 'datastores', address: '', ready: (page) => page.getByRole('link', { name: 'demo' }).waitFor() },
    {
      name: 'no-principals',
      address: 'principals',
      ready: (page) => page.getByText('No principals', { exact: true }).waitFor(),
    },
    {
      name: 'managed-policies',
      address: 'policies',
      ready: (page) => page.getByText('HilumAdministratorAccess').waitFor(),
    },
    {
      name: 'search',
      address: store,
      async ready(page) {
        await page.getByText(/Search took/).waitFor()
        // Until the script of thumbnails is there, others are in their places.
        await page.locator('.thumbnail img').first().waitFor()
        // On a phone the last one is below the screen, where it is not loaded yet.
        await page.locator('.thumbnail').last().scrollIntoViewIfNeeded()
        await page.waitForFunction(() => document.querySelectorAll('.thumbnail img').length === 4)
        await page.evaluate(() => window.scrollTo(0, 0))
      },
    },
    {
      name: 'search-no-matches',
      address: `${store}#patient=nobody&updated=-7d`,
      ready: (page) => page.getByText('No matches').waitFor(),
    },
    {
      name: 'view-code',
      address: `${store}#series=1.2.3&updated=-7d`,
      opens: true,
      async ready(page) {
        await page.getByText('No matches').waitFor()
        await page.getByRole('button', { name: 'View code' }).click()
        await page.getByRole('menuitem', { name: 'JavaScript' }).click()
        await page.locator('pre.code-snippet').waitFor()
      },
    },
    {
      name: 'date-range',
      address: store,
      opens: true,
      async ready(page) {
        await page.getByText(/Search took/).waitFor()
        await page.getByRole('button', { name: /^Date range/ }).click()
        await page.getByText('Last 7 days').waitFor()
      },
    },
    { name: 'datastore-details', address: `${store}/details`, ready: (page) => page.getByText('radiology').waitFor() },
    { name: 'imports', address: `${store}/imports`, ready: (page) => page.getByText('Completed').waitFor() },
    {
      name: 'studies',
      address: `${store}/studies`,
      ready: (page) => page.getByText(/Search took/).waitFor(),
    },
    {
      name: 'import-job',
      address: `${store}/imports/${jobId}`,
      ready: (page) => page.getByText('Source location').waitFor(),
    },
    {
      name: 'encryption-keys',
      address: 'encryption-keys',
      ready: (page) => page.getByText('The key is disabled').waitFor(),
    },
    { name: 'create', address: 'create', ready: (page) => page.getByText('Image frame format').waitFor() },
    { name: 'import', address: `${store}/import`, ready: (page) => page.getByText('Choose folder').waitFor() },
    {
      name: 'image-set',
      address: `${store}/image-sets/${imageSetId}`,
      async ready(page) {
        await page.getByRole('button', { name: 'Expand Instance 1', exact: true }).waitFor()
        await page.locator('.viewer-stage[data-state=sharp]').waitFor()
      },
    },
    {
      name: 'study',
      address: `${store}/studies/${DICOMTags!.DICOMStudyInstanceUID}`,
      ready: (page) => page.locator('.viewer-stage[data-state=sharp]').waitFor(),
    },
    {
      name: 'study-panes',
      address: `${store}/studies/${DICOMTags!.DICOMStudyInstanceUID}#layout=2x2`,
      async ready(page) {
        await page.locator('.viewer-stage[data-state=sharp]').waitFor()
        await page.getByText('Drag a series here').first().waitFor()
      },
    },
    {
      name: 'not-found',
      address: 'nowhere',
      ready: (page) => page.getByText('The console has no page at this URL').waitFor(),
    },
  ]

  // Each page is loaded in another variant, and looked at in all.
  for (const [at, { name, address, ready, opens = false }] of pages.entries()) {
    const variants = VARIANTS.map((_, turn) => VARIANTS[(at + turn) % VARIANTS.length]!)
    const [{ variant: first, colorScheme, viewport }] = variants as [Variant]
    test(name, async (t) => {
      const options = { colorScheme, viewport, hasTouch: first === 'phone' }
      const page = await visit(t, { browser, hilum, address, options })
      await ready(page)
      for (const { variant, colorScheme, viewport } of sample(variants, VARIANTS.length)) {
        await page.emulateMedia({ colorScheme })
        await page.setViewportSize(viewport)
        if (opens && variant !== first) {
          await page.reload()
          await ready(page)
        }
        await page.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn))))
        await assertAccessible(page)
        await takeScreenshot(page, `${name}-${variant}`)
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)
        assert.ok(overflow <= 0, `${variant}: the page is ${overflow} pixels wider than the screen`)
      }
    })
  }

  test('the first data store is created and deleted', async (t) => {
    const page = await visit(t, { browser, hilum: empty.hilum })
    await page.getByText('No data stores', { exact: true }).waitFor()
    await assertAccessible(page)
    await takeScreenshot(page, 'datastores-none')
    await page.getByRole('link', { name: 'Create data store' }).first().click()
    await page.getByLabel(/^Data store name/).fill('a name')
    await page
      .getByText(/without spaces/)
      .first()
      .waitFor()
    await page.getByLabel(/^Data store name/).fill('first')
    await page.getByRole('radio', { name: /JPEG 2000/ }).check()
    await page.getByRole('button', { name: 'Create data store' }).click()
    await page.getByText('Creating data store first.').waitFor()
    await page.getByText('Active').waitFor()
    await page.getByRole('link', { name: 'first' }).click()
    await page.getByText('No image sets', { exact: true }).waitFor()

    await page.getByRole('tab', { name: 'Details' }).click()
    await page.getByText('JPEG 2000 Lossless').waitFor()
    await page.getByRole('button', { name: 'Delete data store' }).click()
    await page.getByLabel('To confirm, type first').fill('first')
    await page.getByRole('dialog').getByRole('button', { name: 'Delete', exact: true }).click()
    await page.getByText('Deleting data store first.').waitFor()
    await page.getByText('Deleted', { exact: true }).waitFor()
  })

  test('a data store that is not empty says so instead of being deleted, and offers to empty it', async (t) => {
    const page = await visit(t, { browser, hilum, address: `${store}/details` })
    await page.getByRole('button', { name: 'Delete data store' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByText('The data store is not empty').waitFor()
    await dialog.getByText(/^demo has \d+ image sets\./).waitFor()
    await dialog.getByRole('button', { name: 'Empty data store' }).click()
    await page.getByLabel('To confirm, type demo').waitFor()
    await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click()
  })

  test('a page whose files were replaced by an update asks to reload', async (t) => {
    const page = await visit(t, { browser, hilum, expectedLog: /./ })
    await page.route(/assets\/CreateDatastorePage/, (route) => route.fulfill({ status: 404 }))
    await page.getByRole('link', { name: 'Create data store' }).click()
    await page.getByText("Can't load this page").waitFor()
    await page.unroute(/assets\/CreateDatastorePage/)
    await page.getByRole('button', { name: 'Reload' }).click()
    await page.getByText('Image frame format').waitFor()
  })

  test('a search can be made with the keyboard', async (t) => {
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

  test('the color mode can be switched and is remembered', async (t) => {
    const page = await visit(t, { browser, hilum, options: { colorScheme: 'light' } })
    await page.getByRole('button', { name: 'Use dark mode' }).click()
    await page.locator('body.awsui-dark-mode').waitFor()
    await page.reload()
    await page.locator('body.awsui-dark-mode').waitFor()
  })
})
