/** How long a person waits from the click on an image set to its first image, sharp, with nothing of the viewer loaded before. */
import { chromium, type Page } from 'playwright-core'
import { demoInstances } from '../../../src/demo/instances.ts'
import { CHROMIUM } from './chromium.ts'

/** The first series of a CT of the demo, by file name. */
export async function firstCT(): Promise<Readonly<Record<string, Uint8Array>>> {
  const files: Record<string, Uint8Array> = {}
  let first: string | undefined
  for await (const { path, bytes } of demoInstances({ seed: 1, today: '20260101' })) {
    const [modality, series, name] = path.split('/')
    if (modality === 'CT') first ??= series
    if (first !== undefined && series !== first) break
    if (series === first) files[name!] = bytes
  }
  return files
}

/** @param page of the console, all there */
export const firstPictureMs = (page: Page, address: string): Promise<number> =>
  // A text, since bench/ has no types of a browser.
  page.evaluate<number>(`new Promise((resolve) => {
    const link = document.createElement('a')
    link.href = ${JSON.stringify(`/console/${address}`)}
    document.querySelector('main').append(link)
    const clickedAt = performance.now()
    link.click()
    requestAnimationFrame(function look() {
      if (document.querySelector('.viewer-stage[data-state=sharp]') !== null) resolve(performance.now() - clickedAt)
      else requestAnimationFrame(look)
    })
  })`)

/** Undefined where there is no Chromium. */
export async function measureFirstPicture(server: {
  readonly endpoint: string
  readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
  readonly datastoreId: string
  readonly imageSetId: string
}): Promise<number | undefined> {
  if (CHROMIUM === undefined) return undefined
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] })
  try {
    const context = await browser.newContext()
    const key = JSON.stringify(server.credentials)
    await context.addInitScript((text) => sessionStorage.setItem('hilum.access-key', text), key)
    const page = await context.newPage()
    const store = `datastores/${server.datastoreId}`
    await page.goto(`${server.endpoint}/console/${store}/details`)
    await page.getByText('Frames are stored as').waitFor()
    return await firstPictureMs(page, `${store}/image-sets/${server.imageSetId}`)
  } finally {
    await browser.close()
  }
}
