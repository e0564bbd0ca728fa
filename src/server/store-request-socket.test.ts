/** Store requests over a socket: the same answers as without one, and an end that goes away. */
import assert from 'node:assert/strict'
import { mkdtempSync } from 'node:fs'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { ContractError } from '../contract/errors.ts'
import type { StoreOutcome, StoreRequests } from '../contract/store-requests.ts'
import { removeAtExit } from '../fixtures/remove-at-exit.ts'
import { openLog } from './log.ts'
import { serveStoreRequests, storeRequestsOver } from './store-request-socket.ts'

const log = openLog({ logLevel: 'error' })
const OPTIONS = { callerId: 'mary', datastoreId: 'd', studyInstanceUID: undefined, isHeld: false }

function socketPath(): string {
  const folder = mkdtempSync(join(tmpdir(), 'hilum-socket-'))
  removeAtExit(folder)
  return join(folder, 'jobs.sock')
}

/** Keeps what it receives. */
function receiver() {
  const files: (Buffer | 'dropped')[] = []
  let aborted = 0
  const requests: StoreRequests = {
    async open() {
      return {
        async add(bytes) {
          const chunks: Uint8Array[] = []
          try {
            for await (const chunk of bytes) chunks.push(chunk)
          } catch (error) {
            files.push('dropped')
            throw error
          }
          files.push(Buffer.concat(chunks))
        },
        finish: async (): Promise<readonly StoreOutcome[]> =>
          files.map(() => ({ outcome: 'failed', reason: 'invalid', message: 'no', uids: undefined })),
        abort: () => {
          aborted += 1
        },
      }
    },
  }
  return { files, requests, aborted: () => aborted }
}

async function* chunksOf(bytes: Buffer, size: number) {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

const serve = async (t: TestContext, requests: StoreRequests) => {
  const path = socketPath()
  const serving = await serveStoreRequests(path, { requests, log })
  t.after(() => serving.stop())
  return { path, serving, client: storeRequestsOver(() => path) }
}

test('files arrive byte for byte, in any chunks, and the outcomes return', async (t) => {
  const { files, requests } = receiver()
  const { client } = await serve(t, requests)
  const sent = [0, 1, 100, 256 * 1024, 256 * 1024 + 1, 3_000_000].map((size, at) => Buffer.alloc(size, at + 1))
  const request = await client.open(OPTIONS)
  for (const [at, bytes] of sent.entries()) await request.add(chunksOf(bytes, [1_000, 65_536, 1_000_000][at % 3]!))
  const outcomes = await request.finish()
  assert.equal(outcomes.length, sent.length)
  assert.deepEqual(outcomes[0], { outcome: 'failed', reason: 'invalid', message: 'no', uids: undefined })
  for (const [at, bytes] of sent.entries()) assert.ok(bytes.equals(files[at] as Buffer), `file ${at}`)
})

test('a file whose bytes throw is dropped, and the request goes on', async (t) => {
  const { files, requests } = receiver()
  const { client } = await serve(t, requests)
  const request = await client.open(OPTIONS)
  async function* broken() {
    yield Buffer.from('some')
    throw new Error('the client sent something else')
  }
  await assert.rejects(request.add(broken()), /sent something else/)
  await request.add(chunksOf(Buffer.from('whole'), 2))
  await request.finish()
  assert.deepEqual(files.map(String), ['dropped', 'whole'])
})

test('a refusal keeps its name, its message and when to try again', async (t) => {
  const refusal = new ContractError('ThrottlingException', 'too many', { retryAfterSeconds: 3 })
  const { client } = await serve(t, { open: () => Promise.reject(refusal) })
  await assert.rejects(client.open(OPTIONS), {
    ...{ name: 'ThrottlingException', message: 'too many', retryAfterSeconds: 3 },
  })
})

test('a client that goes away aborts its request, and the server that stops waits for that', async (t) => {
  const { requests, aborted } = receiver()
  const { client, serving } = await serve(t, requests)
  const request = await client.open(OPTIONS)
  request.abort()
  await serving.stop()
  assert.equal(aborted(), 1)
})

test('a request fails for a while when the other end dies, and one that nothing was sent of finds the next', async (t) => {
  const sockets = new Set<Socket>()
  const { requests, files } = receiver()
  const first = await serve(t, requests)
  // In between, so that the connection can be cut as a killed process cuts it.
  const path = socketPath()
  const between = createServer((socket) => {
    const through = connect(first.path)
    for (const each of [socket, through]) sockets.add(each.on('error', () => {}))
    socket.pipe(through).pipe(socket)
  }).listen(path)
  t.after(() => between.close())
  let address: string | undefined = path
  const client = storeRequestsOver(() => address)
  const open = await client.open(OPTIONS)
  await open.add(chunksOf(Buffer.from('one'), 1))
  address = `${path}-is-gone`
  for (const socket of sockets) socket.destroy()
  await assert.rejects(open.finish(), { name: 'Error', retryAfterSeconds: 5 })
  const waiting = client.open(OPTIONS)
  address = first.path
  const next = await waiting
  await next.add(chunksOf(Buffer.from('two'), 1))
  await next.finish()
  assert.deepEqual(files.map(String), ['one', 'two'])
})

test('a message that is too long ends its connection', async (t) => {
  const { path } = await serve(t, receiver().requests)
  const socket = connect(path).on('error', () => {})
  socket.write(Buffer.alloc(8, 0xff))
  await new Promise((resolve) => socket.on('close', resolve))
})
