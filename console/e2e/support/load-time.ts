/** How long a person waits for the console in a fresh browser: from the address of a search to its results. For the table of bench/. */
import { chromium } from 'playwright-core'
import { CHROMIUM } from './chromium.ts'

export interface LoadTime {
  /** With nothing in the browser's cache. */
  readonly firstMs: number
  /** With the files of the first time in it. */
  readonly againMs: number
  /** Scripts of the first time, as they crossed the wire. */
  readonly scriptBytes: number
}

/** Undefined where there is no Chromium. */
export async function measureLoad(server: {
  readonly endpoint: string
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
  readonly datastoreId: string
}): Promise<LoadTime | undefined> {
  if (CHROMIUM === undefined) return undefined
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
  try {
    const context = await browser.newContext()
    const key = JSON.stringify(server.credentials)
    await context.addInitScript((text) => sessionStorage.setItem('hilum.access-key', text), key)
    const page = await context.newPage()
    let scriptBytes = 0
    page.on('response', (response) => {
      if (response.url().endsWith('.js')) scriptBytes += Number(response.headers()['content-length'] ?? 0)
    })
    const load = async () => {
      const startedAt = performance.now()
      await page.goto(`${server.endpoint}/console/datastores/${server.datastoreId}`)
      await page.getByText(/Search took/).waitFor()
      return performance.now() - startedAt
    }
    const firstMs = await load()
    const bytes = scriptBytes
    await page.goto('about:blank')
    return { firstMs, againMs: await load(), scriptBytes: bytes }
  } finally {
    await browser.close()
  }
}
