/** Takes the screenshots of the README with the demo data: `npm --prefix console run pictures`. Needs Chromium. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MedicalImagingClient, SearchImageSetsCommand } from '@aws-sdk/client-medical-imaging'
import { chromium, type Page } from 'playwright-core'
import { startHilum } from '../../src/testing.ts'
import { CHROMIUM } from './support/chromium.ts'
import { demoDatastore } from './support/demo-series.ts'

const FOLDER = fileURLToPath(new URL('../../docs/pictures/', import.meta.url))
const SIZE = { width: 1280, height: 800 }

const hilum = await startHilum()
const sdk = new MedicalImagingClient(hilum.client)
const browser = await chromium.launch({ executablePath: CHROMIUM!, args: ['--no-sandbox'] })
try {
  const datastoreId = await demoDatastore({ hilum, sdk }, { datastoreName: 'demo', instances: undefined })
  const { imageSetsMetadataSummaries } = await sdk.send(
    new SearchImageSetsCommand({
      datastoreId,
      searchCriteria: { filters: [{ operator: 'EQUAL', values: [{ DICOMPatientId: 'DEMO-0001' }] }] },
    }),
  )
  const found = imageSetsMetadataSummaries!.find(
    ({ DICOMTags }) => DICOMTags?.DICOMSeriesModality === 'CT' && DICOMTags.DICOMNumberOfStudyRelatedInstances! > 60,
  )!
  mkdirSync(FOLDER, { recursive: true })
  const context = await browser.newContext({ viewport: SIZE, colorScheme: 'light', timezoneId: 'Europe/Rome' })
  const key = JSON.stringify(hilum.client.credentials)
  await context.addInitScript((text) => sessionStorage.setItem('hilum.access-key', text), key)
  const page = await context.newPage()
  const takeScreenshot = async (name: string, address: string, ready: (page: Page) => Promise<unknown>) => {
    await page.goto(`${hilum.endpoint}/console/${address}`)
    await ready(page)
    await page.screenshot({ path: join(FOLDER, `${name}.png`), animations: 'disabled' })
  }
  await takeScreenshot('console-search', `datastores/${datastoreId}#sort=DICOMStudyDateAndTime.desc`, async () => {
    await page.getByText(/Search took/).waitFor()
    // Again, because the first search includes the setup of the SDK.
    const response = page.waitForResponse(/searchImageSets/)
    await page.getByRole('button', { name: 'Search', exact: true }).click()
    await response
    await page.getByRole('button', { name: 'Search', exact: true }).waitFor()
    await page.mouse.move(0, 0)
    await page.waitForFunction(() =>
      [...document.querySelectorAll('.thumbnail')].slice(0, 5).every((thumbnail) => thumbnail.querySelector('img')),
    )
    await page.waitForLoadState('networkidle')
  })
  await takeScreenshot('console-image-set', `datastores/${datastoreId}/image-sets/${found.imageSetId}`, async () => {
    await page.getByRole('button', { name: 'Expand Instance 1', exact: true }).waitFor()
    await page.getByRole('slider', { name: 'Image' }).fill('60')
    await page.getByText('Image 60 of').waitFor()
    await page.locator('.viewer-stage[data-state=sharp]').waitFor()
    await page.waitForLoadState('networkidle')
    await page.evaluate(() => {
      for (const element of document.querySelectorAll('input')) element.blur()
      window.scrollTo(0, 0)
    })
  })
} finally {
  await browser.close()
  sdk.destroy()
  await hilum.stop()
}
