/**
 * Reads the body of a request from its socket. Nothing is read, and the client is not sent `100 Continue`, before a protocol handler asks
 * for the body: the handler then knows the caller and how large a body the route accepts.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Limits } from '../../limits.ts'
import type { BodyBudget } from './body-budget.ts'
import { HttpRefusal } from './http-refusal.ts'
import type { RequestBody } from './wire.ts'

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

/** The body of a request on a socket. */
export interface IncomingBody extends RequestBody {
  /** Whether nothing of it is unread. */
  readonly isRead: boolean
}

const EMPTY: IncomingBody = {
  isRead: true,
  read: () => new Uint8Array(0),
  async *stream() {},
}

/** Undefined where the body is sent in chunks (RFC 9112 7.1). */
export const announcedBytes = ({ headers }: IncomingMessage): number | undefined =>
  headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : undefined

export const expectsContinue = ({ headers }: IncomingMessage): boolean =>
  headers.expect?.toLowerCase() === '100-continue'

export function bodyOf(
  exchange: Exchange,
  { budget, limits }: { readonly budget: BodyBudget; readonly limits: Pick<Limits, 'requestBodyTimeoutMs'> },
): IncomingBody {
  const announced = announcedBytes(exchange.request)
  if (announced === 0) return EMPTY
  const { request, response } = exchange

  function checkAnnounced(limitBytes: number): void {
    if (request.destroyed || response.destroyed) throw incomplete()
    if (announced !== undefined && announced > limitBytes) throw tooLarge(limitBytes)
  }
  let isRead = false
  return {
    get isRead() {
      return isRead
    },
    read(limitBytes) {
      checkAnnounced(limitBytes)
      // Only checked here: an announcement costs the client nothing, so bytes are taken from the budget as they arrive.
      if (!budget.hasRoomFor(announced ?? 1)) throw busy()
      if (expectsContinue(request)) response.writeContinue()
      if (request.readableLength === announced) {
        isRead = true
        return arrived(exchange, budget)
      }
      return collect(exchange, { limitBytes, budget, timeoutMs: limits.requestBodyTimeoutMs })
    },
    async *stream(limitBytes, { idleMs, totalMs }) {
      checkAnnounced(limitBytes)
      if (expectsContinue(request)) response.writeContinue()
      const endsAt = performance.now() + totalMs
      // Not destroyed on return: the reply still has to be sent on this socket.
      const chunks = request.iterator({ destroyOnReturn: false }) as AsyncIterableIterator<Uint8Array>
      let sizeBytes = 0
      try {
        for (;;) {
          // Counted only while bytes are waited for: the server may be slower than the client.
          const { done, value } = await within(Math.min(idleMs, endsAt - performance.now()), chunks.next())
          if (done) return
          sizeBytes += value.length
          if (sizeBytes > limitBytes) throw tooLarge(limitBytes)
          yield value
        }
      } catch (error) {
        throw request.destroyed && !request.complete ? incomplete() : error
      } finally {
        // After a timeout it waits for a chunk still.
        void chunks.return?.()
      }
    },
  }
}

/** The body of a request that has arrived as a whole, as nearly every small one has with its head: without timer and waiting. */
function arrived({ request, response }: Exchange, budget: BodyBudget): Uint8Array {
  const body: Uint8Array = request.read()
  budget.take(body.length)
  response.on('close', () => budget.release(body.length))
  return body
}

async function within<Result>(timeoutMs: number, result: Promise<Result>): Promise<Result> {
  const late = Promise.withResolvers<never>()
  const timer = setTimeout(() => late.reject(tooSlow()), Math.max(0, timeoutMs))
  try {
    return await Promise.race([result, late.promise])
  } finally {
    clearTimeout(timer)
  }
}

function collect(
  { request, response }: Exchange,
  {
    limitBytes,
    budget,
    timeoutMs,
  }: { readonly limitBytes: number; readonly budget: BodyBudget; readonly timeoutMs: number },
): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    let chunks: Uint8Array[] = []
    let sizeBytes = 0
    let isWhole = false
    const release = () => {
      budget.release(sizeBytes)
      sizeBytes = 0
      chunks = []
    }
    // The handler may use the body until its reply is sent.
    response.on('close', release)
    const refuse = (refusal: HttpRefusal) => {
      clearTimeout(timer)
      request.removeAllListeners('data')
      release()
      reject(refusal)
    }
    // Also after the whole body: an error costs as much as the rest of reading one.
    const refuseIncomplete = () => {
      if (!isWhole) refuse(incomplete())
    }
    const timer = setTimeout(() => refuse(tooSlow()), timeoutMs)
    request.on('data', (chunk: Uint8Array) => {
      if (sizeBytes + chunk.length > limitBytes) return refuse(tooLarge(limitBytes))
      if (!budget.take(chunk.length)) return refuse(busy())
      sizeBytes += chunk.length
      chunks.push(chunk)
    })
    request.on('end', () => {
      isWhole = true
      clearTimeout(timer)
      resolve(chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks, sizeBytes))
      chunks = []
    })
    request.on('error', refuseIncomplete)
    request.on('close', refuseIncomplete)
  })
}

const tooLarge = (limitBytes: number) =>
  new HttpRefusal(413, `A request body to this path may have at most ${limitBytes} bytes.`)

const busy = () =>
  new HttpRefusal(503, 'The server is receiving as many request bodies as it has memory for. Send the request again.', {
    retryAfterSeconds: 1,
  })

const tooSlow = () => new HttpRefusal(408, 'The request did not arrive in time. Send it again.')

/** The client is gone and does not read it. */
const incomplete = () => new HttpRefusal(400, 'The connection closed before the end of the request.')
