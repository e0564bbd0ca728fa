/**
 * Measures how fast images load and scroll in a browser without a graphics card. The times are printed, not asserted, because machines
 * differ. The goals are a first image within 500 ms and 30 images per second.
 */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, test } from 'node:test'
import { activeDatastore } from '../../acceptance/support/datastores.ts'
import { openHilum } from '../../acceptance/support/hilum.ts'
import { until } from '../../acceptance/support/until.ts'
import { isSoak, isThorough } from '../../src/fixtures/soak.ts'
import { openBrowser, skipUnlessChromium, visit } from './support/browser.ts'
import { firstCT, firstPictureMs } from './support/first-picture.ts'
import { draw, imageFile, imageSetAddress, importSet, pixelOf, waitForState } from './support/images.ts'

const skip = skipUnlessChromium()
const [SLICES, RUNS] = isThorough ? [200, 3] : [50, 1]
/** 1,000 slices have 512 MiB of pixels. */
const MEMORY_SLICES = isSoak ? 1_000 : SLICES
/** Of the process of the page: with the decoded frames and those in workers. */
const RENDERER_BYTES_MAX = 1024 ** 3

describe('the speed of the viewer', skip, async () => {
  if ('skip' in skip) return
  const server = await openHilum()
  const { hilum, sdk } = server
  const datastoreId = await activeDatastore(sdk, { datastoreName: 'ward-7' })
  const browser = await openBrowser()

  test('the first image of a CT is displayed after the click, with the viewer not loaded before', async (t) => {
    const files = Object.values(await firstCT())
    const imageSetId = await importSet(server, { datastoreId, files })
    const times: number[] = []
    for (let turn = 0; turn < RUNS; turn++) {
      const page = await visit(t, { browser, hilum, address: `datastores/${datastoreId}` })
      await page.getByText(/Search took/).waitFor()
      times.push(await firstPictureMs(page, imageSetAddress(datastoreId, imageSetId)))
    }
    t.diagnostic(`first image after ${times.map(Math.round).join(', ')} ms`)
  })

  const importSlices = (count: number): Promise<string> => {
    const pixel = pixelOf({ rows: 512, columns: 512, bitsStored: 12 })
    const drawn = Array.from({ length: Math.min(count, 50) }, (_, index) => draw(pixel, index + 1))
    const files = Array.from({ length: count }, (_, index) =>
      imageFile({
        pixel,
        frames: [drawn[index % drawn.length]!],
        attributes: {
          ...{ StudyInstanceUID: `2.25.12.${count}`, InstanceNumber: index + 1 },
          ...{ SOPInstanceUID: `2.25.12.${count}.${index + 1}`, WindowCenter: 2048, WindowWidth: 4096 },
        },
      }),
    )
    return importSet(server, { datastoreId, files })
  }
  const series = new Map<number, string>()
  const seriesOf = async (count: number) => {
    const known = series.get(count) ?? (await importSlices(count))
    series.set(count, known)
    return known
  }

  test(`${SLICES} loaded slices of 512 x 512 scroll without skipping one`, async (t) => {
    const imageSetId = await seriesOf(SLICES)
    const page = await visit(t, { browser, hilum })
    let fetchedFrames = 0
    page.on('requestfinished', (request) => {
      if (/getImageFrame/.test(request.url()) && request.headers()['x-hilum-min-width'] === undefined)
        fetchedFrames += 1
    })
    const openedAt = performance.now()
    await page.goto(`${hilum.endpoint}/console/${imageSetAddress(datastoreId, imageSetId)}`)
    await waitForState(page, 'sharp')
    await until(async () => fetchedFrames >= SLICES || undefined)
    const loadedMs = performance.now() - openedAt
    assert.equal(fetchedFrames, SLICES)
    await page.waitForTimeout(200)
    const turns: { perSecond: number; longestMs: number }[] = []
    for (let turn = 0; turn < RUNS; turn++) {
      turns.push(
        await page.evaluate(async (slices) => {
          const stage = document.querySelector('.viewer-stage')!
          const text = () => document.querySelector('.viewer-corner-bottom-left')!.textContent ?? ''
          const nextFrame = () => new Promise<number>((resolve) => requestAnimationFrame(resolve))
          const deltaY = text().includes(`Image 1 of`) ? 120 : -120
          const startedAt = await nextFrame()
          let [before, longestMs] = [startedAt, 0]
          for (let step = 1; step < slices; step++) {
            stage.dispatchEvent(new WheelEvent('wheel', { deltaY, cancelable: true }))
            const expected = deltaY > 0 ? step + 1 : slices - step
            let now = await nextFrame()
            for (let waited = 0; !text().includes(`Image ${expected} of`); waited++) {
              if (waited > 60) throw new Error(`${text()} at ${expected}`)
              now = await nextFrame()
            }
            longestMs = Math.max(longestMs, now - before)
            before = now
            if (stage.getAttribute('data-state') !== 'sharp') throw new Error(`image ${expected} was not loaded`)
          }
          return { perSecond: ((slices - 1) * 1_000) / (before - startedAt), longestMs }
        }, SLICES),
      )
    }
    const results = turns.map(
      ({ perSecond, longestMs }) => `${perSecond.toFixed(1)} per second, longest ${longestMs.toFixed(0)} ms`,
    )
    t.diagnostic(`${SLICES} slices loaded in ${Math.round(loadedMs)} ms; scrolled ${results.join('; ')}`)
  })

  test(`scrolling through all of ${MEMORY_SLICES} slices keeps the browser within a gigabyte`, async (t) => {
    const imageSetId = await seriesOf(MEMORY_SLICES)
    const page = await visit(t, { browser, hilum, address: imageSetAddress(datastoreId, imageSetId) })
    await waitForState(page, 'sharp')
    let bytes = 0
    const session = await browser.newBrowserCDPSession()
    const measure = async () => {
      const { processInfo } = await session.send('SystemInfo.getProcessInfo')
      const sizes = processInfo.filter(({ type }) => type === 'renderer').map(({ id }) => residentBytes(id))
      bytes = Math.max(bytes, ...sizes)
    }
    for (let from = 1; from < MEMORY_SLICES; from += 50) {
      await page.evaluate(
        async ([from, to]) => {
          const stage = document.querySelector('.viewer-stage')!
          const text = () => document.querySelector('.viewer-corner-bottom-left')!.textContent ?? ''
          for (let image = from! + 1; image <= to!; image++) {
            stage.dispatchEvent(new WheelEvent('wheel', { deltaY: 120, cancelable: true }))
            while (!text().includes(`Image ${image} of`) || stage.getAttribute('data-state') !== 'sharp')
              await new Promise(requestAnimationFrame)
          }
        },
        [from, Math.min(from + 50, MEMORY_SLICES)],
      )
      await measure()
    }
    await page.getByText(`Image ${MEMORY_SLICES} of ${MEMORY_SLICES}`, { exact: true }).waitFor()
    t.diagnostic(`the process of the page had ${Math.round(bytes / 1024 ** 2)} MiB at most`)
    assert.ok(bytes > 0 && bytes <= RENDERER_BYTES_MAX, `${bytes} bytes`)
  })
})

/** Of a process of this machine. 0 if it has ended. */
function residentBytes(pid: number): number {
  try {
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0) * 1024
  } catch {
    return 0
  }
}
