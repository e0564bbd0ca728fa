/**
 * A request has the same answer, byte for byte and with its head, until something changes: the first time and from what the server has cached,
 * before and after a restart, and however the bytes of the request arrive.
 */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { DeleteImageSetCommand, UpdateImageSetMetadataCommand } from '@aws-sdk/client-medical-imaging'
import { KeptConnection } from '../support/connection.ts'
import { instance } from '../support/fixtures.ts'
import type { Hilum } from '../support/hilum.ts'
import { picture } from '../support/image-sets.ts'
import { fetchMetadata } from '../support/metadata.ts'
import { type RawRequest, sendSigned, signedHeaders } from '../support/raw-request.ts'
import { search } from '../support/search.ts'
import { newStore, prepare, type Running } from '../support/server-process.ts'
import { choice } from '../support/sources.ts'
import { multipart, store } from '../support/store.ts'
import { until } from '../support/until.ts'

type Credentials = Hilum['client']['credentials']
type Sent = Pick<RawRequest, 'method' | 'path' | 'query' | 'body' | 'headers'>

/** More than one page of the default size. */
const STUDIES = 60
const OLDEST_FIRST = { sort: { sortField: 'createdAt', sortOrder: 'ASC' } } as const

const hilumOf = ({ hilum }: Running) => hilum as Hilum

async function add(server: Running, datastoreId: string, files: readonly Uint8Array[]): Promise<void> {
  const body = multipart(...files)
  assert.equal((await store(hilumOf(server), { datastoreId, body, signing: 'unsigned' })).status, 200)
}

/** The bytes of a request on a connection that is kept alive. */
async function bytesOf(server: Running, sent: Sent, credentials?: Credentials): Promise<Buffer> {
  const signed = await signedHeaders(hilumOf(server), {
    ...sent,
    bodyHashHeader: true,
    ...(credentials && { credentials }),
  })
  const { method, path, query, body } = sent
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
  const lines = Object.entries({ ...signed, ...length }).map(([name, value]) => `${name}: ${value}\r\n`)
  return Buffer.from(`${method} ${query ? `${path}?${query}` : path} HTTP/1.1\r\n${lines.join('')}\r\n${body ?? ''}`)
}

/**
 * Without what may differ: the time, the id of the request, the token, which is encrypted again after each change, the last access, which the
 * requests of the test are, and the port of the server.
 */
const steady = (answer: Buffer): string =>
  answer
    .toString('latin1')
    .replace(/\r\nDate: [^\r]+/, '')
    .replace(/\r\nx-amzn-RequestId: [^\r]+/, '')
    .replace(/"nextToken":"[\w-]+"/, '"nextToken":""')
    .replaceAll(/"lastAccessedAt":[\d.]+/g, '"lastAccessedAt":0')
    .replaceAll(/127\.0\.0\.1:\d+/g, '')
    .replace(/(?<=\r\nContent-Length: )\d+(?=[\s\S]*"lastAccessedAt":0)/, '')

const isHead = (request: Buffer) => request.toString('latin1', 0, 5) === 'HEAD '

/** How the bytes of requests arrive. */
const ARRIVALS: Readonly<Record<string, (server: Running, requests: readonly Buffer[]) => Promise<Buffer[]>>> = {
  'one after the other on one connection': (server, requests) =>
    onConnection(server, async (connection) => {
      const answers: Buffer[] = []
      for (const request of requests) {
        connection.write(request)
        answers.push(await connection.answer({ isHead: isHead(request) }))
      }
      return answers
    }),
  'all at once on one connection': (server, requests) =>
    onConnection(server, (connection) => {
      connection.write(Buffer.concat(requests))
      return answersOf(connection, requests)
    }),
  'first the head and then the body': (server, requests) =>
    onConnection(server, async (connection) => {
      const answers: Buffer[] = []
      for (const request of requests) {
        const at = request.indexOf('\r\n\r\n') + 4
        connection.write(request.subarray(0, at))
        await setTimeout(2)
        if (at < request.length) connection.write(request.subarray(at))
        answers.push(await connection.answer({ isHead: isHead(request) }))
      }
      return answers
    }),
  'in pieces of 97 bytes': (server, requests) =>
    onConnection(server, async (connection) => {
      const all = Buffer.concat(requests)
      for (let at = 0; at < all.length; at += 97) {
        connection.write(all.subarray(at, at + 97))
        await setImmediate()
      }
      return answersOf(connection, requests)
    }),
}

async function onConnection<T>({ hilum }: Running, work: (connection: KeptConnection) => Promise<T>): Promise<T> {
  const connection = new KeptConnection(hilum.endpoint)
  try {
    return await work(connection)
  } finally {
    connection.close()
  }
}

async function answersOf(connection: KeptConnection, requests: readonly Buffer[]): Promise<Buffer[]> {
  const answers: Buffer[] = []
  for (const request of requests) answers.push(await connection.answer({ isHead: isHead(request) }))
  return answers
}

function requestsOn(datastoreId: string, imageSetIds: readonly string[], frameId: string): readonly Sent[] {
  const [first, updated, deleted] = imageSetIds
  const searches = `/datastore/${datastoreId}/searchImageSets`
  const of = (action: string, imageSetId = first) => `/datastore/${datastoreId}/imageSet/${imageSetId}/${action}`
  const post = (path: string, body: object = {}, more: Partial<Sent> = {}): Sent => ({
    ...{ method: 'POST', path, body: JSON.stringify(body), headers: { 'content-type': 'application/json' } },
    ...more,
  })
  const equal = (DICOMPatientId: string) => ({
    filters: [{ operator: 'EQUAL', values: [{ DICOMPatientId }] }],
  })
  const headers = (more: Record<string, string>) => ({ headers: { 'content-type': 'application/json', ...more } })
  return [
    post(searches),
    post(searches, OLDEST_FIRST),
    post(searches, OLDEST_FIRST, { query: 'maxResults=7' }),
    post(searches, equal('P1')),
    post(searches, equal('Renamed')),
    post(searches, equal('nobody')),
    post(searches, {}, headers({ 'x-hilum-count': 'exact' })),
    post(searches, {}, headers({ 'x-hilum-match': 'PatientName=jane' })),
    post(searches, { filters: [{ operator: 'LIKE', values: [] }] }),
    post(searches, {}, { body: '{' }),
    post(searches, {}, headers({ origin: 'https://viewer.example' })),
    post(`/datastore/${'0'.repeat(32)}/searchImageSets`),
    post(of('getImageSet')),
    post(of('getImageSet', updated)),
    post(of('getImageSet', deleted)),
    post(of('getImageSet', '0'.repeat(32))),
    post(of('getImageSetMetadata')),
    post(of('getImageSetMetadata', updated), {}, { query: 'version=1' }),
    post(of('getImageSetMetadata', deleted)),
    post(of('getImageFrame'), { imageFrameId: frameId }),
    post(of('getImageFrame'), { imageFrameId: '0'.repeat(32) }),
    post(of('listImageSetVersions', updated)),
    { method: 'GET', path: `/datastore/${datastoreId}` },
    { method: 'GET', path: '/datastore' },
    { method: 'GET', path: '/no-operation' },
    { method: 'GET', path: `/datastore/${datastoreId}/studies`, query: 'PatientID=P1' },
    { method: 'HEAD', path: '/console/' },
    { method: 'GET', path: '/console/', headers: { 'accept-encoding': 'gzip' } },
    { method: 'GET', path: '/healthz' },
  ]
}

test('a request has the same bytes as its answer until something changes, however it arrives', choice, async (t) => {
  const { start } = await prepare(t)
  let server = await start()
  const datastoreId = await newStore(server)
  const files = Array.from({ length: STUDIES }, (_, n) =>
    picture(1, {
      StudyInstanceUID: `2.25.${n + 1}`,
      PatientID: `P${n % 9}`,
      PatientName: n % 2 ? 'Doe^Jane' : 'Roe^Jim',
    }),
  )
  await add(server, datastoreId, files)
  const found = await search(server.sdk, { datastoreId, searchCriteria: OLDEST_FIRST })
  const imageSetIds = found.slice(0, 3).map(({ imageSetId }) => imageSetId!)
  const [first, updated, deleted] = imageSetIds as [string, string, string]
  const frameId = Object.values<{ Instances: Record<string, { ImageFrames: { ID: string }[] }> }>(
    // biome-ignore lint/suspicious/noExplicitAny: the document is any JSON.
    ((await fetchMetadata(server.sdk, { datastoreId, imageSetId: first })) as any).Study.Series,
  ).flatMap(({ Instances }) => Object.values(Instances))[0]!.ImageFrames[0]!.ID
  const sent = requestsOn(datastoreId, imageSetIds, frameId)

  async function answers(): Promise<string[]> {
    const requests: Buffer[] = []
    for (const each of sent) requests.push(await bytesOf(server, each))
    let expected: string[] | undefined
    for (const [how, exchange] of Object.entries({
      'the first time': ARRIVALS['first the head and then the body']!,
      ...ARRIVALS,
    })) {
      const steadied = (await exchange(server, requests)).map(steady)
      expected ??= steadied
      for (const [index, { method, path, query, body }] of sent.entries()) {
        assert.equal(steadied[index], expected[index], `${how}: ${method} ${path}?${query} ${body}`)
      }
    }
    return expected!
  }

  async function sameAfterRestart(): Promise<string[]> {
    const cached = await answers()
    server.child.kill('SIGTERM')
    await server.ended
    server = await start()
    const fresh = await answers()
    for (const [index, { path, body }] of sent.entries()) assert.equal(cached[index], fresh[index], `${path} ${body}`)
    return cached
  }

  const before = await answers()
  assert.match(before[0]!, /^HTTP\/1.1 200 OK\r\nContent-Type: application\/json\r\n[\s\S]*"nextToken":""/)
  assert.match(before[4]!, /"imageSetsMetadataSummaries":\[\]/)

  const renamed = Buffer.from(JSON.stringify({ SchemaVersion: '1.1', Patient: { DICOM: { PatientID: 'Renamed' } } }))
  await server.sdk.send(
    new UpdateImageSetMetadataCommand({
      ...{ datastoreId, imageSetId: updated, latestVersionId: '1' },
      updateImageSetMetadataUpdates: { DICOMUpdates: { updatableAttributes: renamed } },
    }),
  )
  await until(async () =>
    (await search(server.sdk, { datastoreId })).some(({ version }) => version === 2) ? true : undefined,
  )
  const afterUpdate = await answers()
  assert.notEqual(afterUpdate[0], before[0])
  assert.match(afterUpdate[4]!, new RegExp(updated))

  await server.sdk.send(new DeleteImageSetCommand({ datastoreId, imageSetId: deleted }))
  await until(async () =>
    (await search(server.sdk, { datastoreId, searchCriteria: OLDEST_FIRST })).some(
      ({ imageSetId }) => imageSetId === deleted,
    )
      ? undefined
      : true,
  )
  const afterDeletion = await answers()
  assert.match(afterUpdate[1]!, new RegExp(deleted))
  assert.doesNotMatch(afterDeletion[1]!, new RegExp(deleted))

  await add(server, datastoreId, [instance({ StudyInstanceUID: '2.25.900', PatientID: 'nobody' })])
  const afterAddition = await sameAfterRestart()
  assert.doesNotMatch(afterDeletion[5]!, /2\.25\.900/)
  assert.match(afterAddition[5]!, /2\.25\.900/)
})

test('the token of a page that is sent again leads to the next page', choice, async (t) => {
  const { start } = await prepare(t)
  const server = await start()
  const datastoreId = await newStore(server)
  await add(
    server,
    datastoreId,
    Array.from({ length: 9 }, (_, n) => instance({ StudyInstanceUID: `2.25.${n + 1}` })),
  )
  const page = async (nextToken?: string) => {
    const query = `maxResults=4${nextToken === undefined ? '' : `&nextToken=${nextToken}`}`
    const reply = await sendSigned(hilumOf(server), {
      ...{ method: 'POST', path: `/datastore/${datastoreId}/searchImageSets`, query, body: '{}' },
    })
    assert.equal(reply.status, 200, reply.body)
    return reply.json()
  }
  const pages = [await page()]
  assert.deepEqual(await page(), pages[0])
  for (; pages.at(-1).nextToken !== undefined; ) {
    const { nextToken } = pages.at(-1)
    pages.push(await page(nextToken))
    assert.deepEqual(await page(nextToken), pages.at(-1))
  }
  const ids = pages.flatMap(({ imageSetsMetadataSummaries }) =>
    imageSetsMetadataSummaries.map(({ imageSetId }: { imageSetId: string }) => imageSetId),
  )
  assert.deepEqual([ids.length, new Set(ids).size], [9, 9])
})

test('a page that is cached is for callers that may search, and for their signature only', choice, async (t) => {
  const { start } = await prepare(t)
  const server = await start()
  const hilum = hilumOf(server)
  const datastoreId = await newStore(server)
  await add(server, datastoreId, [instance()])
  const sent: Sent = { method: 'POST', path: `/datastore/${datastoreId}/searchImageSets`, body: '{}' }
  const principal = async (principalName: string, action: string): Promise<Credentials> => {
    const Statement = [{ Effect: 'Allow', Action: action, Resource: '*' }]
    const policy = JSON.stringify({ Version: '2012-10-17', Statement })
    const put = { method: 'PUT', path: `/hilum/policies/${principalName}`, body: policy }
    assert.equal((await sendSigned(hilum, put)).status, 204)
    const body = JSON.stringify({ principalName, policies: [{ policyName: principalName }] })
    const created = await sendSigned(hilum, { method: 'POST', path: '/hilum/principals', body })
    assert.equal(created.status, 200, created.body)
    const { accessKeyId, secretAccessKey } = created.json()
    return { accessKeyId, secretAccessKey }
  }
  const searcher = await principal('searcher', 'medical-imaging:SearchImageSets')
  const describer = await principal('describer', 'medical-imaging:GetDatastore')
  const exchange = async (request: Buffer) =>
    steady((await ARRIVALS['all at once on one connection']!(server, [request]))[0]!)

  const owners = await exchange(await bytesOf(server, sent))
  assert.match(owners, /^HTTP\/1.1 200 /)
  assert.equal(await exchange(await bytesOf(server, sent, searcher)), owners)
  assert.match(await exchange(await bytesOf(server, sent, describer)), /^HTTP\/1.1 403 [\s\S]*AccessDeniedException/)
  const request = await bytesOf(server, sent)
  const forged = request
    .toString('latin1')
    .replace(/(?<=Signature=[0-9a-f]{63})[0-9a-f]/, (digit) => (digit === '0' ? '1' : '0'))
  assert.match(await exchange(Buffer.from(forged)), /^HTTP\/1.1 403 [\s\S]*InvalidSignatureException/)
  const otherBody = request.toString('latin1').replace(/\{\}$/, '[]')
  assert.match(await exchange(Buffer.from(otherBody)), /^HTTP\/1.1 403 [\s\S]*InvalidSignatureException/)
  assert.equal(await exchange(request), owners)
  await sendSigned(hilum, { method: 'POST', path: '/hilum/principals/searcher/disable', body: '{}' })
  assert.match(
    await exchange(await bytesOf(server, sent, searcher)),
    /^HTTP\/1.1 403 [\s\S]*UnrecognizedClientException/,
  )
})

test('clients that leave before their answer hold nothing', choice, async (t) => {
  const { start } = await prepare(t, { requestBodiesBytes: 4_096, requestBodyBytes: 4_096 })
  const server = await start()
  const datastoreId = await newStore(server)
  const body = JSON.stringify({ unknown: 'x'.repeat(1_000) })
  const sent: Sent = { method: 'POST', path: `/datastore/${datastoreId}/searchImageSets`, body }
  const request = await bytesOf(server, sent)
  for (let round = 0; round < 20; round++) {
    const connections = Array.from({ length: 5 }, () => new KeptConnection(server.hilum.endpoint))
    for (const connection of connections) connection.write(round % 2 === 0 ? request : request.subarray(0, -500))
    await setTimeout(round % 4)
    for (const connection of connections) connection.close()
  }
  const metrics = async () => (await fetch(`${server.hilum.endpoint}/metrics`)).text()
  // The request for the metrics itself is in flight.
  await until(async () => (/^hilum_requests_in_flight 1$/m.test(await metrics()) ? true : undefined))
  const [answer] = await ARRIVALS['all at once on one connection']!(server, [request])
  assert.match(answer!.toString('latin1'), /^HTTP\/1.1 200 /)
})
