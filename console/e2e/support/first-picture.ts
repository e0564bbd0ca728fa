/** Measures the time from the click on an image set to its first sharp image, with the viewer not loaded before. */
import { chromium, type Page } from 'playwright-core'
import { demoInstances } from '../../../src/demo/instances.ts'
import { CHROMIUM } from './chromium.ts'

/** The files of the first CT series of the demo. */
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

/** @param page a page of the console that has finished loading */
export const firstPictureMs = (page: Page, address: string): Promise<number> =>
  // A string, because bench/ is compiled without DOM types.
  page.evaluate<number>(`new Promise((resolve) => {
    const link = document.createElement('a')
    link.href = ${JSON.stringify(`/console/${address}`)}
    document.querySelector('main').append(link)
    const clickedAt = performance.now()
    link.click()
    requestAnimationFrame(function check() {
      if (document.querySelector('.viewer-stage[data-state=sharp]') !== null) resolve(performance.now() - clickedAt)
      else requestAnimationFrame(check)
    })
  })`)

/** Undefined if Chromium isn't installed. */
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
    await page.getByText('Image frame format').waitFor()
    return await firstPictureMs(page, `${store}/image-sets/${server.imageSetId}`)
  } finally {
    await browser.close()
  }
}
