/** Measures how long the console takes to upload and import a folder, for the benchmarks in bench/. */
import { chromium } from 'playwright-core'
import { CHROMIUM } from './chromium.ts'

/**
 * Seconds from the click on Import until `untilImported` returns. Undefined if Chromium isn't installed.
 * @param folder with the files, which the browser reads
 */
export async function measureUpload(
  server: {
    readonly endpoint: string
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
    readonly datastoreId: string
  },
  { folder, untilImported }: { readonly folder: string; untilImported(): Promise<void> },
): Promise<number | undefined> {
  if (CHROMIUM === undefined) return undefined
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
  try {
    const context = await browser.newContext()
    const key = JSON.stringify(server.credentials)
    await context.addInitScript((text) => sessionStorage.setItem('hilum.access-key', text), key)
    const page = await context.newPage()
    await page.goto(`${server.endpoint}/console/datastores/${server.datastoreId}/import`)
    await page.getByLabel('Folder', { exact: true }).setInputFiles(folder)
    await page.getByText(/^[\d,.]+ files, /).waitFor()
    const startedAt = performance.now()
    await page.getByRole('button', { name: 'Import', exact: true }).click()
    await untilImported()
    return (performance.now() - startedAt) / 1000
  } finally {
    await browser.close()
  }
}
