/**
 * Store requests over a Unix domain socket (on Windows a named pipe): from a process that serves requests to the one that stores files. Each
 * request is a connection. A message is two lengths of 4 bytes, the message as v8 serializes it, and the bytes of a file.
 */
import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout } from 'node:timers/promises'
import { deserialize, serialize } from 'node:v8'
import type { Log } from '../app.ts'
import { TemporarilyUnavailable } from '../contract/errors.ts'
import type { StoreRequests } from '../contract/store-requests.ts'
import { StoreRequestsEnding } from '../jobs/store-requests/store-requests.ts'
import type { Answer, Carrier, Question } from './store-request-carrier.ts'
import { openStoreRequest, serveStoreRequest } from './store-request-exchange.ts'

const HEADER_BYTES = 8
/** Both parts of a message: what was stored of 20,000 files is some megabytes. */
const PART_BYTES_MAX = 64 * 1024 ** 2
/** A request that nothing was sent of is opened again for this time: the process that stores is started again. */
const OPENING_MS = 15_000
const RETRY_MS = 50

function socketCarrier<Sent extends Question | Answer, Received>(socket: Socket): Carrier<Sent, Received> {
  let isClosed = false
  let ended = () => {}
  // Its 'close' follows.
  socket.on('error', () => {})
  socket.on('close', () => {
    if (isClosed) return
    isClosed = true
    ended()
  })
  return {
    send(message) {
      if (isClosed) return
      const { bytes, ...rest } = message as { readonly bytes?: Uint8Array }
      const meta = serialize(rest)
      const header = Buffer.allocUnsafe(HEADER_BYTES)
      header.writeUInt32LE(meta.length, 0)
      header.writeUInt32LE(bytes?.length ?? 0, 4)
      socket.cork()
      socket.write(header)
      socket.write(meta)
      if (bytes !== undefined) socket.write(bytes)
      socket.uncork()
    },
    onMessage(listener) {
      const reader = new MessageReader((message) => listener(message as Received))
      socket.on('data', (chunk: Buffer) => {
        if (!reader.add(chunk)) socket.destroy()
      })
    },
    onClose(listener) {
      ended = listener
    },
    close() {
      isClosed = true
      // After what was sent.
      socket.end()
    },
  }
}

class MessageReader {
  readonly #onMessage: (message: object) => void
  #chunks: Buffer[] = []
  #buffered = 0

  constructor(onMessage: (message: object) => void) {
    this.#onMessage = onMessage
  }

  /** False for a message that is too long. */
  add(chunk: Buffer): boolean {
    this.#chunks.push(chunk)
    this.#buffered += chunk.length
    while (this.#buffered >= HEADER_BYTES) {
      const header = this.#first(HEADER_BYTES)
      const [metaBytes, fileBytes] = [header.readUInt32LE(0), header.readUInt32LE(4)]
      if (metaBytes > PART_BYTES_MAX || fileBytes > PART_BYTES_MAX) return false
      const wholeBytes = HEADER_BYTES + metaBytes + fileBytes
      if (this.#buffered < wholeBytes) return true
      const whole = this.#first(wholeBytes)
      const rest = whole.subarray(wholeBytes)
      this.#chunks = rest.length === 0 ? [] : [rest]
      this.#buffered = rest.length
      const message = deserialize(whole.subarray(HEADER_BYTES, HEADER_BYTES + metaBytes))
      // Memory of its own, which goes to a thread.
      const bytes = Buffer.allocUnsafeSlow(fileBytes)
      whole.copy(bytes, 0, HEADER_BYTES + metaBytes, wholeBytes)
      this.#onMessage(message.kind === 'bytes' ? { ...message, bytes } : message)
    }
    return true
  }

  /** A buffer with at least so many of the bytes. */
  #first(bytes: number): Buffer {
    if (this.#chunks[0]!.length < bytes) this.#chunks = [Buffer.concat(this.#chunks)]
    return this.#chunks[0]!
  }
}

interface Serving {
  /** Takes no more requests, and waits for those that are open. */
  stop(): Promise<void>
}

/** @param address a path in a folder that only this user can open, or the name of a pipe */
export async function serveStoreRequests(
  address: string,
  { requests, log }: { readonly requests: StoreRequests; readonly log: Log },
): Promise<Serving> {
  const open = new Set<Promise<void>>()
  const server = createServer((socket) => {
    const served = serveStoreRequest({ requests, log }, socketCarrier<Answer, Question>(socket)).finally(() =>
      open.delete(served),
    )
    open.add(served)
  })
  server.listen(address)
  await once(server, 'listening')
  return {
    async stop() {
      server.close()
      while (open.size > 0) await Promise.all(open)
    },
  }
}

/** @param addressNow of the process that stores now; undefined while there is none */
export function storeRequestsOver(addressNow: () => string | undefined): StoreRequests {
  return {
    async open(options) {
      const until = performance.now() + OPENING_MS
      for (;;) {
        const address = addressNow()
        try {
          if (address !== undefined) return await openStoreRequest(socketCarrier(connect(address)), options)
        } catch (error) {
          // Nothing of the request was sent.
          if (!(error instanceof StoreRequestsEnding)) throw error
        }
        if (performance.now() > until) {
          throw new TemporarilyUnavailable('the process that stores files is not running; send the request again')
        }
        await setTimeout(RETRY_MS)
      }
    },
  }
}
