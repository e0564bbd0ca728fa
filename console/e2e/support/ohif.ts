/** OHIF as npm publishes it, on an origin of its own, over a data store that it reads with a bearer token. */
import { existsSync } from 'node:fs'
import { after } from 'node:test'
import type { Page } from 'playwright-core'
import { activeDatastore } from '../../../acceptance/support/datastores.ts'
import { openHilum, type TestServer } from '../../../acceptance/support/hilum.ts'
import { appConfig } from '../../../src/cli/demo/ohif/app-config.ts'
import { openDemoTokens } from '../../../src/cli/demo/ohif/demo-tokens.ts'
import { ohifFolder } from '../../../src/cli/demo/ohif/fetch-ohif.ts'
import { serveOhif } from '../../../src/cli/demo/ohif/serve-ohif.ts'
import { openBrowser, type Skip, skipUnlessChromium } from './browser.ts'

const FOLDER = ohifFolder(process.env)

export function skipUnlessOhif(): Skip {
  if (existsSync(FOLDER)) return skipUnlessChromium()
  return { skip: 'OHIF is not installed: `npm run ohif` fetches it' }
}

export interface OpenedOhif {
  readonly server: TestServer
  readonly datastoreId: string
  /** Of OHIF. */
  readonly origin: string
  /** `http://127.0.0.1:<port>/datastore/<datastoreId>` */
  readonly root: string
  readonly token: string
  readonly page: Page
  /** Failed requests, errors of scripts and requests to other servers, so far. */
  readonly problems: readonly string[]
  /** Addresses of successful requests to Hilum, decoded, below the data store. */
  readonly requests: readonly string[]
}

/** All of it is stopped after the last test of the file. */
export async function openOhif(): Promise<OpenedOhif> {
  const tokens = await openDemoTokens({ region: 'us-east-1', accountId: '000000000000' })
  after(() => tokens.stop())
  const { promise: root, resolve } = Promise.withResolvers<string>()
  const token = await tokens.newToken()
  const served = await serveOhif(FOLDER, { port: 0, appConfig: async () => appConfig({ root: await root, token }) })
  after(() => served.stop())
  const server = await openHilum({ ...tokens.settings, corsOrigin: [served.origin] })
  const datastoreId = await activeDatastore(server.sdk, { lambdaAuthorizerArn: tokens.authorizerArn })
  resolve(`${server.hilum.endpoint}/datastore/${datastoreId}`)
  const browser = await openBrowser('--use-gl=angle', '--use-angle=swiftshader', '--enable-unsafe-swiftshader')
  const page = await (await browser.newContext({ viewport: { width: 1400, height: 900 } })).newPage()
  page.setDefaultTimeout(90_000)
  const [problems, requests]: [string[], string[]] = [[], []]
  page.on('pageerror', (error) => problems.push(String(error)))
  page.on('response', (response) => {
    const url = decodeURIComponent(response.url())
    if (response.status() >= 400) problems.push(`${response.status()} ${url}`)
    else if (url.startsWith(server.hilum.endpoint)) requests.push(url.slice(url.indexOf(datastoreId) + 33))
  })
  page.on('requestfailed', (request) => {
    const reason = request.failure()?.errorText
    // A page that is left aborts its requests.
    if (reason !== 'net::ERR_ABORTED') problems.push(`${reason} ${request.url()}`)
  })
  page.on('request', (request) => {
    const isKnown = [served.origin, server.hilum.endpoint, 'data:', 'blob:'].some((at) => request.url().startsWith(at))
    if (!isKnown) problems.push(`to another server: ${request.url()}`)
  })
  return { server, datastoreId, origin: served.origin, root: await root, token, page, problems, requests }
}

/** Columns and rows of the cells that CELLS_SCRIPT reads, each in its middle. */
export const CELLS = 8

export interface Cells {
  /** RGB, cell by cell. */
  readonly shown: readonly number[]
  readonly rendered: readonly number[]
}

/** The colours of an image in OHIF's viewport, which shows it whole, and in Hilum's /rendered of the same instance. */
export const cellsOf = (page: Page, renderedUrl: string, token: string): Promise<Cells | undefined> =>
  page.evaluate(
    async ([url, token, cells]) => {
      const canvas = document.querySelector<HTMLCanvasElement>('canvas.cornerstone-canvas')
      if (canvas === null || canvas.width === 0) return undefined
      const response = await fetch(url, { headers: { Authorization: `Bearer ${token}`, Accept: 'image/png' } })
      const image = await createImageBitmap(await response.blob())
      const read = (
        source: CanvasImageSource & { readonly width: number; readonly height: number },
        { scale, left, top }: { readonly scale: number; readonly left: number; readonly top: number },
      ) => {
        const context = new OffscreenCanvas(source.width, source.height).getContext('2d', { willReadFrequently: true })!
        context.drawImage(source, 0, 0)
        const colours: number[] = []
        for (let row = 0; row < cells; row++) {
          for (let column = 0; column < cells; column++) {
            const x = left + ((column + 0.5) / cells) * image.width * scale
            const y = top + ((row + 0.5) / cells) * image.height * scale
            colours.push(...context.getImageData(Math.floor(x), Math.floor(y), 1, 1).data.subarray(0, 3))
          }
        }
        return colours
      }
      const scale = Math.min(canvas.width / image.width, canvas.height / image.height)
      const left = (canvas.width - image.width * scale) / 2
      const top = (canvas.height - image.height * scale) / 2
      return {
        shown: read(canvas, { scale, left, top }),
        rendered: read(image, { scale: 1, left: 0, top: 0 }),
      }
    },
    [renderedUrl, token, CELLS] as const,
  )

interface Size {
  readonly columns: number
  readonly rows: number
}

/** Where a point of an image is in the window, on a canvas that shows the image whole. */
export async function placeOf(
  page: Page,
  canvas: string,
  { columns, rows, at }: Size & { readonly at: readonly [column: number, row: number] },
): Promise<readonly [x: number, y: number]> {
  const { x, y, width, height } = (await page.locator(canvas).first().boundingBox())!
  const scale = Math.min(width / columns, height / rows)
  return [x + width / 2 + (at[0] - columns / 2) * scale, y + height / 2 + (at[1] - rows / 2) * scale]
}

/** The grays of a canvas that shows an image whole, cell by cell, each in its middle. */
export const greysOf = (page: Page, canvas: string, { columns, rows }: Size): Promise<readonly number[]> =>
  page.evaluate(
    ([selector, columns, rows, cells]) => {
      const canvas = document.querySelector<HTMLCanvasElement>(selector)!
      const copy = new OffscreenCanvas(canvas.width, canvas.height).getContext('2d', { willReadFrequently: true })!
      copy.drawImage(canvas, 0, 0)
      const scale = Math.min(canvas.width / columns, canvas.height / rows)
      return Array.from({ length: cells * cells }, (_, at) => {
        const x = canvas.width / 2 + (((at % cells) + 0.5) / cells - 0.5) * columns * scale
        const y = canvas.height / 2 + ((Math.floor(at / cells) + 0.5) / cells - 0.5) * rows * scale
        return copy.getImageData(Math.floor(x), Math.floor(y), 1, 1).data[0]!
      })
    },
    [canvas, columns, rows, CELLS] as const,
  )
