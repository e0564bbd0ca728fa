/** S3 servers that accept connections and do not respond, or stop within a response, count as unavailable after a bounded time. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { before, describe, type TestContext, test } from 'node:test'
import { freePort } from '../../../fixtures/free-port.ts'
import { isClosed } from '../../locations/locations.ts'
import { StoreUnavailable } from '../../store-unavailable.ts'
import { type BlobStore, readAll } from '../blob-store.ts'
import { S3_TEST_LIMITS, s3IsMissing, startS3 } from './s3.fixture.ts'
import type { S3Limits } from './s3-deadlines.ts'
import { openS3Blobs } from './s3-locations.ts'
import { PART_BYTES } from './s3-putting.ts'

const LIMITS: S3Limits = {
  s3ConnectTimeoutMs: 5_000,
  s3SilenceTimeoutMs: 3_000,
  s3BytesPerSecondMin: 1024 ** 3,
  s3Connections: 8,
}
/** Far longer than the deadlines, and shorter than the timeouts of the client. */
const BOUNDED = { timeout: 30_000 }

const head = (lines: readonly string[]) => `HTTP/1.1 200 OK\r\n${lines.map((line) => `${line}\r\n`).join('')}\r\n`
const response = (xml: string) => head(['Content-Type: application/xml', `Content-Length: ${xml.length}`]) + xml

/** A server that responds to HeadBucket; `serve` handles all other requests. */
async function serverThat(
  context: Pick<TestContext, 'after'>,
  serve: (socket: Socket, requestLine: string) => void,
  limits = LIMITS,
) {
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('data', (data) => {
      const [requestLine = ''] = data.toString('latin1').split('\r\n')
      if (/^HEAD .bucket.? /.test(requestLine)) socket.write(head(['Content-Length: 0']))
      else if (requestLine.endsWith(' HTTP/1.1')) serve(socket, requestLine)
    })
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  context.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const { port } = server.address() as { readonly port: number }
  return blobsAt(`http://127.0.0.1:${port}`, limits)
}

async function blobsAt(endpoint: string, limits = LIMITS): Promise<BlobStore> {
  const server = { endpoint, region: 'us-east-1', accessKeyId: 'a', secretAccessKey: 'b' }
  const blobs = await openS3Blobs(server, limits, { bucket: 'bucket', prefix: '' })
  assert.ok(!isClosed(blobs))
  return blobs
}

/** The client loads most of its code with its first requests, which on a busy machine takes longer than the deadlines here. */
before(async () => {
  const stops: (() => unknown)[] = []
  const served = (socket: Socket) => socket.write(response('<ListBucketResult></ListBucketResult>'))
  const blobs = await serverThat({ after: (stop) => stops.push(stop as () => unknown) }, served, S3_TEST_LIMITS)
  await listed(blobs)
  await blobs.put('key', Buffer.from('bytes'))
  await readAll((await blobs.open('key'))!)
  for (const stop of stops) stop()
})

const isUnavailable = (error: unknown) => {
  assert.ok(error instanceof StoreUnavailable, String(error))
  assert.equal(error.reason, 'away')
  return true
}

const listed = async (blobs: BlobStore) => {
  for await (const _ of blobs.list('')) break
}
const parts = async function* () {
  for (let part = 0; part < 3; part++) yield Buffer.alloc(PART_BYTES)
}

const REQUESTS: Readonly<Record<string, (blobs: BlobStore) => Promise<unknown>>> = {
  reading: (blobs) => blobs.open('key'),
  'reading a range': (blobs) => blobs.open('key', { start: 3, length: 4 }),
  'reading no bytes': (blobs) => blobs.open('key', { start: 0, length: 0 }),
  listing: listed,
  putting: (blobs) => blobs.put('key', Buffer.from('bytes')),
  'putting many bytes': (blobs) => blobs.put('key', Buffer.alloc(8 * 1024 ** 2)),
  'putting in parts': (blobs) => blobs.put('key', parts()),
  removing: (blobs) => blobs.remove(['key']),
  'removing unfinished uploads': (blobs) => blobs.removeUnfinished(0),
}

describe('a server that accepts connections and does not respond makes the store unavailable', {
  concurrency: true,
}, () => {
  for (const [what, request] of Object.entries(REQUESTS)) {
    test(`while ${what}`, BOUNDED, async (context) => {
      await assert.rejects(request(await serverThat(context, () => {})), isUnavailable)
    })
  }

  test('while opening the bucket', BOUNDED, async (context) => {
    const server = createServer((socket) => socket.on('error', () => {})).listen(0, '127.0.0.1')
    await once(server, 'listening')
    context.after(() => server.close())
    const { port } = server.address() as { readonly port: number }
    await assert.rejects(blobsAt(`http://127.0.0.1:${port}`), isUnavailable)
  })

  test('while it receives no more data, even if the whole put may take longer', BOUNDED, async (context) => {
    const slowly = { ...LIMITS, s3BytesPerSecondMin: 1_024 }
    const blobs = await serverThat(context, (socket) => socket.pause(), slowly)
    await assert.rejects(blobs.put('key', Buffer.alloc(16 * 1024 ** 2)), isUnavailable)
  })
})

// Alone: beside the others a part may not be sent before its deadline on a busy machine.
test(
  'a server that does not respond to a part, after the upload began, makes the store unavailable',
  BOUNDED,
  async (context) => {
    const seen: string[] = []
    const blobs = await serverThat(context, (socket, requestLine) => {
      seen.push(requestLine.split('?')[0]!)
      if (!requestLine.startsWith('POST /bucket/key?uploads')) return
      socket.write(
        response('<InitiateMultipartUploadResult><UploadId>upload</UploadId></InitiateMultipartUploadResult>'),
      )
    })
    await assert.rejects(blobs.put('key', parts()), isUnavailable)
    assert.ok(seen.includes('PUT /bucket/key'), String(seen))
  },
)

describe('a server that stops within a response makes the store unavailable', { concurrency: true }, () => {
  test('after the headers of an object and half of its bytes', BOUNDED, async (context) => {
    const blobs = await serverThat(context, (socket) => {
      socket.write(`${head(['Content-Length: 1000'])}${'x'.repeat(500)}`)
    })
    const found = await blobs.open('key')
    await assert.rejects(readAll(found!), isUnavailable)
  })

  test('byte by byte, slower than the minimum rate', BOUNDED, async (context) => {
    const blobs = await serverThat(context, (socket) => {
      socket.write(head(['Content-Length: 100000']))
      const timer = setInterval(() => socket.write('x'), 100)
      socket.on('close', () => clearInterval(timer))
    })
    const found = await blobs.open('key')
    await assert.rejects(readAll(found!), isUnavailable)
  })

  test('in a list', BOUNDED, async (context) => {
    const blobs = await serverThat(context, (socket) => {
      socket.write(`${head(['Content-Type: application/xml', 'Content-Length: 5000'])}<ListBucketResult>`)
    })
    await assert.rejects(listed(blobs), isUnavailable)
  })
})

test('a server that refuses connections makes the store unavailable', BOUNDED, async () => {
  await assert.rejects(blobsAt(`http://127.0.0.1:${await freePort()}`), isUnavailable)
})

test('a reader that pauses longer than the silence timeout gets all bytes of an object', BOUNDED, async (context) => {
  const body = Buffer.alloc(4 * 1024 ** 2, 'x')
  const blobs = await serverThat(context, (socket) => {
    socket.write(head([`Content-Length: ${body.length}`]))
    socket.write(body)
  })
  const found = await blobs.open('key')
  let read = 0
  let isFirst = true
  for await (const chunk of found!.bytes) {
    read += chunk.length
    // The reader requests no byte meanwhile.
    if (isFirst) await new Promise((resolve) => setTimeout(resolve, 2 * LIMITS.s3SilenceTimeoutMs))
    isFirst = false
  }
  assert.equal(read, body.length)
})

test('requests to a working server meet the deadlines', {
  skip: s3IsMissing ?? false,
}, async (context) => {
  const s3 = await startS3(['bucket'])
  context.after(() => s3.stop())
  const opened = await openS3Blobs(s3.place, S3_TEST_LIMITS, { bucket: 'bucket', prefix: '' })
  assert.ok(!isClosed(opened))
  await opened.put('key', Buffer.from('bytes'))
  await opened.put('large', parts())
  assert.equal(String(await readAll((await opened.open('key'))!)), 'bytes')
  assert.equal((await readAll((await opened.open('large'))!)).length, 3 * PART_BYTES)
  await opened.remove(['key', 'large'])
  await listed(opened)
})
