/**
 * A browser for the tests of one file: Debian's Chromium, driven through playwright-core. Every page is watched: an error of a script,
 * a request that leaves the server, or something that the policy refused fails the test that caused it.
 */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { after, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import type { Hilum } from '../../../acceptance/support/hilum.ts'
import { CHROMIUM } from './chromium.ts'

const SCREENSHOTS = fileURLToPath(new URL('../../../test-results/console/', import.meta.url))
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

export type Skip = { readonly skip: string } | Record<string, never>
export const skipUnlessChromium = (): Skip => (CHROMIUM === undefined ? { skip: 'chromium is not installed' } : {})

/** Closed after the last test of the file. */
export async function openBrowser(...args: readonly string[]): Promise<Browser> {
  const browser = await chromium.launch({ executablePath: CHROMIUM!, args: ['--no-sandbox', ...args] })
  after(() => browser.close())
  return browser
}

export interface Visit {
  readonly browser: Browser
  readonly hilum: Pick<Hilum, 'endpoint'> & { readonly client: Pick<Hilum['client'], 'credentials'> }
  /** Below /console/. */
  readonly address?: string
  /** Signed in already, unless this is false. */
  readonly withKey?: boolean
  readonly options?: BrowserContextOptions
  /** What may go wrong on this page, since the test brings it about. */
  readonly mayLog?: RegExp
}

/** A tab of its own at an address of the console. */
export async function visit(
  t: TestContext,
  { browser, hilum, address = '', withKey = true, options, mayLog }: Visit,
): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 1000 },
    timezoneId: 'Europe/Rome',
    ...options,
  })
  const page = await context.newPage()
  page.setDefaultTimeout(30_000)
  const wrong: string[] = []
  page.on('pageerror', (error) => wrong.push(String(error)))
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type()) && !mayLog?.test(message.text()))
      wrong.push(`${message.text()} ${message.location().url}`)
  })
  page.on('request', (request) => {
    if (!request.url().startsWith(hilum.endpoint) && !/^(data|blob):/.test(request.url())) wrong.push(request.url())
  })
  t.after(async () => {
    await context.close()
    assert.deepEqual(wrong, [])
  })
  if (withKey) {
    const key = JSON.stringify(hilum.client.credentials)
    await page.addInitScript((text) => sessionStorage.setItem('hilum.access-key', text), key)
  }
  await page.goto(`${hilum.endpoint}/console/${address}`)
  return page
}

/** Into test-results/, which continuous integration keeps: to be looked at. */
export async function takeScreenshot(page: Page, name: string): Promise<void> {
  mkdirSync(SCREENSHOTS, { recursive: true })
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), animations: 'disabled' })
}

/** Nothing serious that axe finds: what keeps somebody with a keyboard or a screen reader from using the page. */
export async function assertAccessible(page: Page): Promise<void> {
  await page.evaluate(AXE)
  const violations = await page.evaluate(async () => {
    // biome-ignore lint/suspicious/noExplicitAny: axe has just put itself there.
    const { violations } = await (window as any).axe.run(document, { resultTypes: ['violations'] })
    return (violations as { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[])
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .map(
        ({ id, impact, nodes }) =>
          `${impact}: ${id}: ${nodes.map((node) => `${node.html.slice(0, 300)} ${node.failureSummary}`).join('\n')}`,
      )
  })
  assert.deepEqual(violations, [])
}
