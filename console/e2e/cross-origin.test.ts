/** CORS: a page of another origin calls the server with the official SDK in a real browser. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Page } from 'playwright-core'
import { activeDatastore } from '../../acceptance/support/datastores.ts'
import { studies } from '../../acceptance/support/fixtures.ts'
import { type Hilum, openHilum } from '../../acceptance/support/hilum.ts'
import { importFiles } from '../../acceptance/support/import.ts'
import { openBrowser, skipUnlessChromium } from './support/browser.ts'
import { openOtherOrigin } from './support/other-origin.ts'

const skip = skipUnlessChromium()

interface Outcome {
  readonly found?: number
  readonly total?: string
  readonly attempts?: number
  readonly error?: string
  readonly requestId?: string
}

interface WithHeaders {
  readonly headers: Record<string, string>
}
type Next = (args: { readonly request: WithHeaders }) => Promise<{ readonly response: WithHeaders }>

/** Runs a search in the page, with a request header of Hilum. */
function searchFrom(
  page: Page,
  hilum: Hilum,
  { datastoreId, clockOffMs = 0 }: { datastoreId: string; clockOffMs?: number },
) {
  return page.evaluate(
    async ([client, datastoreId, systemClockOffset]): Promise<Outcome> => {
      // biome-ignore lint/suspicious/noExplicitAny: set by the script of the page.
      const { MedicalImagingClient, SearchImageSetsCommand } = (window as any).aws
      const sdk = new MedicalImagingClient({ ...client, systemClockOffset })
      const command = new SearchImageSetsCommand({ datastoreId, searchCriteria: {} })
      let total: string | undefined
      const countAll = (next: Next) => async (args: Parameters<Next>[0]) => {
        args.request.headers['x-hilum-count'] = 'exact'
        const result = await next(args)
        total = result.response.headers['x-hilum-total-count']
        return result
      }
      command.middlewareStack.add(countAll, { step: 'build' })
      try {
        const { imageSetsMetadataSummaries, $metadata } = await sdk.send(command)
        return { found: imageSetsMetadataSummaries.length, total: total!, attempts: $metadata.attempts }
      } catch (thrown) {
        const { name, $metadata } = thrown as { name: string; $metadata?: { requestId?: string } }
        return { error: name, ...($metadata?.requestId && { requestId: $metadata.requestId }) }
      }
    },
    [hilum.client, datastoreId, clockOffMs] as const,
  )
}

describe('a page of another origin', skip, async () => {
  if ('skip' in skip) return
  const server = await openHilum()
  const datastoreId = await activeDatastore(server.sdk)
  await importFiles(server, { datastoreId, files: studies({ from: 1, count: 3 }) })
  const origin = await openOtherOrigin()
  const { hilum: listed } = await openHilum({ corsOrigin: [origin] })
  const { hilum: others } = await openHilum({ corsOrigin: ['https://viewer.example'] })
  const browser = await openBrowser()
  const page = await browser.newPage()
  await page.goto(origin)
  await page.waitForFunction('window.aws !== undefined')

  test('searches with the official SDK, and reads the response headers of Hilum', async () => {
    assert.deepEqual(await searchFrom(page, server.hilum, { datastoreId }), { found: 3, total: '3', attempts: 1 })
  })

  test('reads the name and the request ID of an error', async () => {
    const { error, requestId } = await searchFrom(page, server.hilum, { datastoreId: '0'.repeat(32) })
    assert.equal(error, 'ResourceNotFoundException')
    assert.match(requestId!, /^[0-9a-f-]{36}$/)
  })

  test('corrects a wrong clock with the Date header of the response', async () => {
    const outcome = await searchFrom(page, server.hilum, { datastoreId, clockOffMs: 2 * 3_600_000 })
    assert.deepEqual(outcome, { found: 3, total: '3', attempts: 2 })
  })

  test('is allowed if its origin is listed, and blocked otherwise', async () => {
    const { error } = await searchFrom(page, listed, { datastoreId })
    assert.equal(error, 'ResourceNotFoundException')
    assert.equal((await searchFrom(page, others, { datastoreId })).error, 'TypeError')
  })
})
