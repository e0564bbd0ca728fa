/**
 * Measures what a person waits for in the console: the first paint, the list of studies, the first image of a study, and the pace of scrolling.
 * What runs in the page is in strings, because bench/ is compiled without DOM types.
 */
import { chromium, type Page } from 'playwright-core'
import { CHROMIUM } from './chromium.ts'

export interface Network {
  /** In each direction. */
  readonly bitsPerSecond: number
  /** Of each request. */
  readonly roundTripMs: number
}

export interface ConsoleVisit {
  /** With nothing in the cache of the browser, and with the files of the first visit. */
  readonly firstPaintMs: { readonly cold: number; readonly warm: number }
  readonly listMs: { readonly cold: number; readonly warm: number }
  /** From the click on "Open study", with the viewer not loaded before, and from a second click. */
  readonly imageMs: { readonly cold: number; readonly warm: number }
  /** What the first visit loads until the list is there, compressed. */
  readonly loadedBytes: number
  /** Undefined on a limited network, where it would be that of the network. */
  readonly slicesPerSecond: number | undefined
}

const PACE_TURNS = 2
const LOADING_MAX_MS = 60_000

/** Undefined where there is no browser. @param study on the first page of the list, with so many slices in one series */
export async function visitConsole(
  server: {
    readonly endpoint: string
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
    readonly datastoreId: string
  },
  {
    network,
    study,
    slices,
  }: { readonly network?: Network | undefined; readonly study: string; readonly slices: number },
): Promise<ConsoleVisit | undefined> {
  if (CHROMIUM === undefined) return undefined
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
  try {
    const context = await browser.newContext({ viewport: { width: 1440, height: 1000 } })
    const key = JSON.stringify(server.credentials)
    await context.addInitScript((text) => sessionStorage?.setItem('hilum.access-key', text), key)
    const page = await context.newPage()
    page.setDefaultTimeout(LOADING_MAX_MS)
    const protocol = await context.newCDPSession(page)
    await protocol.send('Network.enable')
    if (network !== undefined) {
      const throughput = network.bitsPerSecond / 8
      await protocol.send('Network.emulateNetworkConditions', {
        ...{
          offline: false,
          latency: network.roundTripMs,
          downloadThroughput: throughput,
          uploadThroughput: throughput,
        },
      })
    }
    let loadedBytes = 0
    protocol.on('Network.loadingFinished', ({ encodedDataLength }) => {
      loadedBytes += encodedDataLength
    })
    let frames = 0
    page.on('requestfinished', (request) => {
      if (/getImageFrame/.test(request.url()) && request.headers()['x-hilum-min-width'] === undefined) frames += 1
    })

    const list = `${server.endpoint}/console/datastores/${server.datastoreId}/studies`
    const open = async () => {
      await page.goto('about:blank')
      await page.goto(list, { waitUntil: 'commit' })
      await page.locator('table tbody tr a').first().waitFor()
      const paint = "performance.getEntriesByName('first-contentful-paint')[0]?.startTime"
      await page.waitForFunction(paint)
      return { firstPaintMs: await page.evaluate<number>(paint), listMs: await page.evaluate<number>(LIST_MS) }
    }
    await page.addInitScript(NOTE_LIST)
    const cold = await open()
    const bytes = loadedBytes
    const warm = await open()
    const openStudy = async () => {
      await page.locator(`table tbody tr a[href*="${study}"]`).click()
      await page.locator(`a[href$="/studies/${study}"]`).waitFor()
      return page.evaluate<number>(clickUntilSharp(study))
    }
    const imageMs = { cold: await openStudy(), warm: 0 }
    if (network === undefined) await untilLoaded(page, () => frames >= slices)
    const slicesPerSecond = network === undefined ? await pace(page, slices) : undefined
    await open()
    imageMs.warm = await openStudy()
    return {
      firstPaintMs: { cold: cold.firstPaintMs, warm: warm.firstPaintMs },
      listMs: { cold: cold.listMs, warm: warm.listMs },
      ...{ imageMs, loadedBytes: bytes, slicesPerSecond },
    }
  } finally {
    await browser.close()
  }
}

/** Notes in the page when its list has the first row, in the time of the page. */
const NOTE_LIST = `requestAnimationFrame(function check() {
  if (document.querySelector('table tbody tr a') !== null) window.listMs = performance.now()
  else requestAnimationFrame(check)
})`
const LIST_MS = 'window.listMs'

const clickUntilSharp = (study: string): string => `new Promise((resolve) => {
  const clickedAt = performance.now()
  document.querySelector('a[href$="/studies/${study}"]').click()
  requestAnimationFrame(function check() {
    if (document.querySelector('.viewer-stage[data-state=sharp]') !== null) resolve(performance.now() - clickedAt)
    else requestAnimationFrame(check)
  })
})`

async function untilLoaded(page: Page, isLoaded: () => boolean): Promise<void> {
  const until = performance.now() + LOADING_MAX_MS
  while (!isLoaded()) {
    if (performance.now() > until) throw new Error(`the slices were not loaded within ${LOADING_MAX_MS} ms`)
    await page.waitForTimeout(20)
  }
}

/** Turns the wheel by one slice after the other, each when the one before is drawn. The faster of two turns. */
async function pace(page: Page, slices: number): Promise<number> {
  let best = 0
  for (let turn = 0; turn < PACE_TURNS; turn++) best = Math.max(best, await page.evaluate<number>(scroll(slices)))
  return best
}

const scroll = (slices: number): string => `(async () => {
  const stage = document.querySelector('.viewer-stage')
  const text = () => document.querySelector('.viewer-corner-bottom-left').textContent
  const nextFrame = () => new Promise(requestAnimationFrame)
  const isFirst = text().includes('Image 1 of')
  const startedAt = await nextFrame()
  for (let step = 1; step < ${slices}; step++) {
    stage.dispatchEvent(new WheelEvent('wheel', { deltaY: isFirst ? 120 : -120, cancelable: true }))
    const expected = 'Image ' + (isFirst ? step + 1 : ${slices} - step) + ' of'
    do await nextFrame()
    while (!text().includes(expected) || stage.dataset.state !== 'sharp')
  }
  return (${slices - 1} * 1000) / (performance.now() - startedAt)
})()`
