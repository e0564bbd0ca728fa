/** Takes the screenshots of the README with the demo data: `npm --prefix console run pictures`. Needs Chromium. */
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { MedicalImagingClient } from '@aws-sdk/client-medical-imaging'
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
  const thumbnailsAreThere = (selector: string, count: number) =>
    page.waitForFunction(([selector, count]) => document.querySelectorAll(selector).length >= count, [
      selector,
      count,
    ] as const)
  await takeScreenshot('console-studies', `datastores/${datastoreId}/studies#PatientName=marl`, async () => {
    await page.getByText('CT', { exact: true }).first().click()
    await page.getByRole('link', { name: 'Open study' }).waitFor()
    await thumbnailsAreThere('.series-card .thumbnail img', 2)
    await page.mouse.move(0, 0)
    await page.waitForLoadState('networkidle')
  })
  await takeScreenshot('console-study', `datastores/${datastoreId}/studies#PatientName=marl`, async () => {
    await page.getByText('CT', { exact: true }).first().click()
    await page.getByRole('link', { name: 'Open study' }).click()
    await page.getByRole('button', { name: 'Axial 3.0 portal venous' }).click()
    await page.locator('.viewer-stage[data-state=sharp]').waitFor()
    await page.getByRole('button', { name: /Jan 12, 2026/ }).click()
    await page.getByRole('button', { name: 'Portal venous phase 5.0' }).click()
    for (const [pane, image, count] of [
      [1, 100, 200],
      [2, 4, 7],
    ] as const) {
      const shown = page.locator(`.study-pane[data-pane="${pane}"]`)
      await shown.getByRole('slider', { name: 'Image' }).fill(String(image))
      await shown.getByText(`Image ${image} of ${count}`, { exact: true }).waitFor()
    }
    await page.waitForFunction(() => document.querySelectorAll('.viewer-stage[data-state=sharp]').length === 2)
    await thumbnailsAreThere('.series-list .thumbnail img', 6)
    await page.waitForLoadState('networkidle')
  })
} finally {
  await browser.close()
  sdk.destroy()
  await hilum.stop()
}
