/** Store requests of clients that are slow, too many, or send what is no multipart body: nobody else is held up, and nothing fails with 500. */
import assert from 'node:assert/strict'
import { request as httpRequest } from 'node:http'
import { describe, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { DeleteDatastoreCommand, DeleteImageSetCommand } from '@aws-sdk/client-medical-imaging'
import fc from 'fast-check'
import { isSoak, isThorough } from '../../src/fixtures/soak.ts'
import { activeDatastore } from '../support/datastores.ts'
import { instance } from '../support/fixtures.ts'
import { openHilum } from '../support/hilum.ts'
import { equal, search } from '../support/search.ts'
import { choice } from '../support/sources.ts'
import {
  BOUNDARY,
  multipart,
  partOf,
  type Store,
  signedStore,
  store,
  storePath,
  storeReplyOf,
} from '../support/store.ts'
import { until } from '../support/until.ts'

const LIMITS = {
  ...{ storeMemoryBytes: 64 * 1024, storeRequestBytes: 2 * 1024 ** 2, storeRequestFiles: 50 },
  ...{ storeRequests: 12, storeRequestsPerPrincipal: 10, requestBodyTimeoutMs: 300, storeJobIdleMs: 100 },
}
const { hilum, sdk } = await openHilum({ limits: LIMITS })
const datastoreId = await activeDatastore(sdk)
let last = 5_000
function newFile(attributes: Parameters<typeof instance>[0] = {}) {
  last += 1
  return instance({ StudyInstanceUID: `2.25.${last}`, PatientID: `P${last}`, ...attributes })
}
const send = (request: Partial<Store> & Pick<Store, 'body'>) =>
  store(hilum, { datastoreId, signing: 'unsigned', ...request })
const storesOne = async () => (await storeReplyOf(await send({ body: multipart(newFile()) }))).stored.length === 1

/** A client that sends its body as the test says. */
async function open(announcedBytes: number, to = { hilum, datastoreId }) {
  const { headers } = await signedStore(to.hilum, { ...to, body: Buffer.alloc(0), signing: 'unsigned' })
  const url = `${to.hilum.endpoint}${storePath(to)}`
  const sent = { ...headers, 'content-length': String(announcedBytes), 'x-amz-content-sha256': 'UNSIGNED-PAYLOAD' }
  const request = httpRequest(url, { method: 'POST', headers: sent, agent: false })
  const replied = new Promise<number | 'closed'>((resolve) => {
    request.on('response', (response) => resolve(response.resume().statusCode!))
    request.on('error', () => resolve('closed'))
  })
  request.flushHeaders()
  return {
    write: (bytes: Uint8Array) => request.write(bytes),
    end: () => request.end(),
    destroy: () => request.destroy(),
    replied,
  }
}

describe('a slow client', () => {
  test('is not cut while bytes keep arriving, longer than other bodies may take', choice, async () => {
    const body = multipart(newFile(), newFile())
    const client = await open(body.length)
    const step = Math.ceil(body.length / 10)
    for (let at = 0; at < body.length; at += step) {
      client.write(body.subarray(at, at + step))
      await setTimeout(60)
    }
    client.end()
    assert.equal(await client.replied, 200)
  })

  test('that sends nothing any more gets a 408', choice, async () => {
    const impatient = await openHilum({ limits: { storeIdleMs: 300 } })
    const to = { hilum: impatient.hilum, datastoreId: await activeDatastore(impatient.sdk) }
    const body = multipart(newFile())
    const client = await open(body.length, to)
    client.write(body.subarray(0, 100))
    assert.equal(await client.replied, 408)
    client.destroy()
  })

  test('does not take the memory that others need: their files are stored meanwhile', choice, async () => {
    const big = newFile({ PatientComments: 'x'.repeat(60_000) })
    const body = multipart(big, big, big)
    const clients = await Promise.all(Array.from({ length: 8 }, () => open(body.length)))
    for (const client of clients) client.write(body.subarray(0, -1_000))
    for (let n = 0; n < 5; n++) assert.ok(await storesOne())
    for (const client of clients) {
      client.write(body.subarray(-1_000))
      client.end()
    }
    assert.deepEqual(await Promise.all(clients.map(({ replied }) => replied)), new Array(8).fill(200))
  })

  test('that disconnects leaves nothing of the file that it was sending', choice, async () => {
    const [whole, half] = [newFile(), newFile()]
    const patient = `P${last}`
    const client = await open(10_000)
    client.write(Buffer.concat([partOf(whole), partOf(half).subarray(0, -30)]))
    await setTimeout(50)
    client.destroy()
    assert.equal(await client.replied, 'closed')
    assert.ok(await storesOne())
    assert.deepEqual(await search(sdk, { datastoreId, searchCriteria: equal({ DICOMPatientId: patient }) }), [])
  })
})

describe('the limits of store requests', () => {
  test(
    'a principal with too many at the same time gets a 429, and can store again when one has ended',
    choice,
    async () => {
      const clients: Awaited<ReturnType<typeof open>>[] = []
      const openOne = async () => {
        const client = await open(1_000)
        client.write(Buffer.from(`--${BOUNDARY}\r\n`))
        clients.push(client)
      }
      for (let count = 0; count < LIMITS.storeRequestsPerPrincipal; count++) await openOne()
      await until(async () => {
        const response = await send({ body: multipart(newFile()) })
        await response.text()
        if (response.status === 429 && response.headers.get('retry-after') === '1') return true
        // A request of the test before may not have ended yet, so that one of the clients was refused.
        await openOne()
        return undefined
      })
      for (const client of clients) client.destroy()
      await until(async () => ((await send({ body: multipart(newFile()) })).status === 200 ? true : undefined))
    },
  )

  test('a body that is too large gets a 413, announced or not', choice, async () => {
    const large = multipart(newFile({ PatientComments: 'x'.repeat(2_200_000) }))
    const announced = await send({ body: large })
    assert.deepEqual(
      [announced.status, announced.headers.get('x-amzn-errortype')],
      [413, 'RequestEntityTooLargeException'],
    )
    const chunked = await send({ body: large, signing: 'chunked' })
    assert.equal(chunked.status, 413)
  })

  test('a body with too many files gets a 413', choice, async () => {
    const files = Array.from({ length: LIMITS.storeRequestFiles + 1 }, () => Buffer.from('x'))
    assert.equal((await send({ body: multipart(...files) })).status, 413)
  })

  test('a data store can be deleted right after its last image set', choice, async () => {
    const other = await activeDatastore(sdk)
    assert.equal((await send({ datastoreId: other, body: multipart(newFile()) })).status, 200)
    for (const { imageSetId } of await search(sdk, { datastoreId: other })) {
      await sdk.send(new DeleteImageSetCommand({ datastoreId: other, imageSetId }))
    }
    await until(async () => {
      try {
        await sdk.send(new DeleteDatastoreCommand({ datastoreId: other }))
        return true
      } catch (error) {
        // The deletion of the image set is a workflow.
        if ((error as Error).name === 'ConflictException') return undefined
        throw error
      }
    })
    const late = await send({ datastoreId: other, body: multipart(newFile()) })
    assert.ok([404, 409].includes(late.status), String(late.status))
  })
})

test('any body gets a reply that is no 500, and the server stores the next one', choice, async () => {
  const file = newFile()
  const piece = fc.constantFrom<string | Uint8Array>(
    ...['--the-boundary', '--the-boundary--', '\r\n', '\r\n\r\n', '\n', '--', ' ', 'Content-Type: application/dicom'],
    ...['Content-Type: text/plain', 'Content-Type', ':', 'x'.repeat(20_000), '\0', 'DICM'],
    ...[file, file.subarray(0, 200), file.subarray(100), partOf(file), partOf(file).subarray(0, 300)],
  )
  const parts = fc.array(fc.constantFrom(partOf(file), partOf(file.subarray(0, 200)), partOf(Buffer.from('x'))))
  const pieces = fc.oneof(
    fc.array(piece, { maxLength: 12 }),
    parts.map((each) => [...each, `--${BOUNDARY}--`]),
  )
  const contentType = fc.constantFrom(
    ...[undefined, 'application/dicom', 'multipart/related', 'multipart/related; boundary="the-boundary"'],
    ...[
      'multipart/related; boundary="',
      'multipart/related; boundary=the',
      'text/plain',
      '',
      'multipart/related;;;boundary==x',
    ],
  )
  const signing = fc.constantFrom('unsigned', 'hash', 'chunked', 'unsigned-trailer', 'streaming-plain')
  const seen = new Map<number, number>()
  await fc.assert(
    fc.asyncProperty(pieces, contentType, signing, async (pieces, type, way) => {
      const body = Buffer.concat(pieces.map((each) => Buffer.from(each as string)))
      const response = await send({ body, signing: way, ...(type !== undefined && { contentType: type }) })
      await response.text()
      seen.set(response.status, (seen.get(response.status) ?? 0) + 1)
      assert.ok([200, 400, 409, 413, 415].includes(response.status), String(response.status))
    }),
    { numRuns: isSoak ? 20_000 : isThorough ? 2_000 : 300, seed: 1 },
  )
  assert.ok(seen.get(200)! > 0 && seen.get(400)! > 0 && seen.get(409)! > 0, JSON.stringify([...seen]))
  assert.ok(await storesOne())
})
