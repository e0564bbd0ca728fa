/**
 * The browser of a test file: Debian's Chromium, driven by playwright-core. Script errors, requests to other servers and violations of the
 * content security policy fail the test.
 */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { after, type TestContext } from 'node:test'
import { fileURLToPath } from 'node:url'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import type { Hilum } from '../../../acceptance/support/hilum.ts'
import { CHROMIUM, HEADLESS_SHELL } from './chromium.ts'

const SCREENSHOTS = fileURLToPath(new URL('../../../test-results/console/', import.meta.url))
/** Only a failing test waits this long; a busy machine needs more than Playwright's 30 seconds. */
const WAIT_MS = 90_000
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8')

export type Skip = { readonly skip: string } | Record<string, never>
export const skipUnlessChromium = (): Skip => (CHROMIUM === undefined ? { skip: 'chromium is not installed' } : {})

/** Launches a browser that is closed after the last test of the file. */
export const openBrowser = (...args: readonly string[]): Promise<Browser> => open(HEADLESS_SHELL!, args)

/** The same with the viewer for PDF. */
export const openWholeBrowser = (): Promise<Browser> => open(CHROMIUM!, [])

async function open(executablePath: string, args: readonly string[]): Promise<Browser> {
  const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', ...args] })
  after(() => browser.close())
  return browser
}

export interface Visit {
  readonly browser: Browser
  readonly hilum: Pick<Hilum, 'endpoint'> & { readonly client: Pick<Hilum['client'], 'credentials'> }
  /** Below /console/. */
  readonly address?: string
  /** Whether the tab is signed in. */
  readonly isSignedIn?: boolean
  readonly options?: BrowserContextOptions
  /** Console messages that the test expects. */
  readonly expectedLog?: RegExp
}

/** Opens a page of the console in a new browser context. */
export async function visit(
  t: TestContext,
  { browser, hilum, address = '', isSignedIn = true, options, expectedLog }: Visit,
): Promise<Page> {
  const context = await browser.newContext({
    viewport: { width: 1440, height: 1000 },
    timezoneId: 'Europe/Rome',
    ...options,
  })
  const page = await context.newPage()
  page.setDefaultTimeout(WAIT_MS)
  const problems: string[] = []
  page.on('pageerror', (error) => problems.push(String(error)))
  page.on('console', (message) => {
    if (['error', 'warning'].includes(message.type()) && !expectedLog?.test(message.text()))
      problems.push(`${message.text()} ${message.location().url}`)
  })
  page.on('request', (request) => {
    // The browser's own viewer of PDF is an extension of it.
    const isOwn = /^(data|blob|chrome|chrome-extension):/.test(request.url())
    if (!request.url().startsWith(hilum.endpoint) && !isOwn) problems.push(request.url())
  })
  t.after(async () => {
    await context.close()
    assert.deepEqual(problems, [])
  })
  if (isSignedIn) {
    const key = JSON.stringify(hilum.client.credentials)
    // The browser's viewer of PDF has no session storage.
    await page.addInitScript((text) => sessionStorage?.setItem('hilum.access-key', text), key)
  }
  await page.goto(`${hilum.endpoint}/console/${address}`)
  return page
}

/** Waits for the last script of a page with a table, that of its preferences: then the page needs no other file of the server. */
export const waitForLastScript = (page: Page): Promise<void> =>
  page.getByRole('button', { name: 'Preferences' }).and(page.locator(':enabled')).waitFor()

/** Saves a screenshot to test-results/console/, for review. */
export async function takeScreenshot(page: Page, name: string): Promise<void> {
  mkdirSync(SCREENSHOTS, { recursive: true })
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), animations: 'disabled' })
}

/** Fails for everything that axe finds, best practices included. */
export async function assertAccessible(page: Page): Promise<void> {
  await page.evaluate(AXE)
  const violations = await page.evaluate(async () => {
    // A button that has just been enabled has the color of neither state for some frames. A spinner never ends.
    const ending = document
      .getAnimations()
      .filter(
        ({ effect, playState }) => playState === 'running' && Number.isFinite(effect?.getComputedTiming().endTime),
      )
    await Promise.all(ending.map(({ finished }) => finished.catch(() => undefined)))
    // biome-ignore lint/suspicious/noExplicitAny: set by the script of axe.
    const { violations } = await (window as any).axe.run(document, { resultTypes: ['violations'] })
    return (violations as { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[]).map(
      ({ id, impact, nodes }) =>
        `${impact}: ${id}: ${nodes.map((node) => `${node.html.slice(0, 300)} ${node.failureSummary}`).join('\n')}`,
    )
  })
  assert.deepEqual(violations, [])
}
