/**
 * Reads the body of a request from its socket. Nothing is read, and the client is not sent `100 Continue`, before a protocol handler asks
 * for the body: the handler then knows the caller and how large a body the route accepts.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { BodyBudget } from './body-budget.ts'
import { HttpRefusal } from './http-refusal.ts'
import type { RequestBody } from './wire.ts'

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

const EMPTY: RequestBody = {
  read: async () => new Uint8Array(0),
  async *stream() {},
}

/** Undefined where the body is sent in chunks (RFC 9112 7.1). */
export const announcedBytes = ({ headers }: IncomingMessage): number | undefined =>
  headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : undefined

export const expectsContinue = ({ headers }: IncomingMessage): boolean =>
  headers.expect?.toLowerCase() === '100-continue'

export function bodyOf(exchange: Exchange, budget: BodyBudget): RequestBody {
  const announced = announcedBytes(exchange.request)
  if (announced === 0) return EMPTY
  const { request, response } = exchange

  function checkAnnounced(limitBytes: number): void {
    if (request.destroyed || response.destroyed) throw incomplete()
    if (announced !== undefined && announced > limitBytes) throw tooLarge(limitBytes)
  }
  return {
    async read(limitBytes) {
      checkAnnounced(limitBytes)
      // Only checked here: an announcement costs the client nothing, so bytes are taken from the budget as they arrive.
      if (!budget.hasRoomFor(announced ?? 1)) throw busy()
      if (expectsContinue(request)) response.writeContinue()
      return collect(exchange, { limitBytes, budget })
    },
    async *stream(limitBytes) {
      checkAnnounced(limitBytes)
      if (expectsContinue(request)) response.writeContinue()
      let sizeBytes = 0
      try {
        // Not destroyed on return: the reply still has to be sent on this socket.
        for await (const chunk of request.iterator({ destroyOnReturn: false })) {
          sizeBytes += (chunk as Uint8Array).length
          if (sizeBytes > limitBytes) throw tooLarge(limitBytes)
          yield chunk as Uint8Array
        }
      } catch (error) {
        throw request.destroyed && !request.complete ? incomplete() : error
      }
    },
  }
}

function collect(
  { request, response }: Exchange,
  { limitBytes, budget }: { readonly limitBytes: number; readonly budget: BodyBudget },
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
      if (isWhole) return
      request.removeAllListeners('data')
      release()
      reject(refusal)
    }
    request.on('data', (chunk: Uint8Array) => {
      if (sizeBytes + chunk.length > limitBytes) return refuse(tooLarge(limitBytes))
      if (!budget.take(chunk.length)) return refuse(busy())
      sizeBytes += chunk.length
      chunks.push(chunk)
    })
    request.on('end', () => {
      isWhole = true
      resolve(chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks, sizeBytes))
      chunks = []
    })
    request.on('error', () => refuse(incomplete()))
    request.on('close', () => refuse(incomplete()))
  })
}

const tooLarge = (limitBytes: number) =>
  new HttpRefusal(413, `A request body to this path may have at most ${limitBytes} bytes.`)

const busy = () =>
  new HttpRefusal(503, 'The server is receiving as many request bodies as it has memory for. Send the request again.', {
    retryAfterSeconds: 1,
  })

/** The client is gone and does not read it. */
const incomplete = () => new HttpRefusal(400, 'The connection closed before the end of the request.')
