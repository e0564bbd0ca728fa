/** Measures how long the console takes from a URL to the results of a search, for the benchmarks in bench/. */
import { chromium } from 'playwright-core'
import { CHROMIUM } from './chromium.ts'

export interface LoadTime {
  /** With an empty browser cache. */
  readonly firstMs: number
  /** With the files of the first load in the cache. */
  readonly againMs: number
  /** The compressed size of the scripts of the first load. */
  readonly scriptBytes: number
}

/** Undefined if Chromium isn't installed. */
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
