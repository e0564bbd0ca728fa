/**
 * The body of a request on a socket. Nothing of it is read, and no client is asked for it (`100 Continue`), before a protocol handler asks
 * for it: by then the handler knows who sends the request and how large a body the route takes.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { BodyBudget } from './body-budget.ts'
import { HttpRefusal } from './http-refusal.ts'
import type { RequestBody } from './wire.ts'

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
}

const EMPTY: RequestBody = { read: async () => new Uint8Array(0) }

/** Undefined where the body comes in chunks. */
export const announcedBytes = ({ headers }: IncomingMessage): number | undefined =>
  headers['transfer-encoding'] === undefined ? Number(headers['content-length'] ?? 0) : undefined

export const expectsContinue = ({ headers }: IncomingMessage): boolean =>
  headers.expect?.toLowerCase() === '100-continue'

export function bodyOf(exchange: Exchange, budget: BodyBudget): RequestBody {
  const announced = announcedBytes(exchange.request)
  if (announced === 0) return EMPTY
  return {
    async read(limitBytes) {
      const { request, response } = exchange
      if (request.destroyed || response.destroyed) throw brokenOff()
      if (announced !== undefined && announced > limitBytes) throw tooLarge(limitBytes)
      // Asked before the client is told to go on; what is held is counted as it comes, since an announcement costs a client nothing.
      if (!budget.hasRoomFor(announced ?? 1)) throw busy()
      if (expectsContinue(request)) response.writeContinue()
      return collect(exchange, { limitBytes, budget })
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
    // The handler works on a whole body until its reply is sent.
    response.on('close', release)
    const giveUp = (refusal: HttpRefusal) => {
      if (isWhole) return
      request.removeAllListeners('data')
      release()
      reject(refusal)
    }
    request.on('data', (chunk: Uint8Array) => {
      if (sizeBytes + chunk.length > limitBytes) return giveUp(tooLarge(limitBytes))
      if (!budget.take(chunk.length)) return giveUp(busy())
      sizeBytes += chunk.length
      chunks.push(chunk)
    })
    request.on('end', () => {
      isWhole = true
      resolve(chunks.length === 1 ? (chunks[0] as Uint8Array) : Buffer.concat(chunks, sizeBytes))
      chunks = []
    })
    request.on('error', () => giveUp(brokenOff()))
    request.on('close', () => giveUp(brokenOff()))
  })
}

const tooLarge = (limitBytes: number) => new HttpRefusal(413, `A request body may have at most ${limitBytes} bytes.`)

const busy = () =>
  new HttpRefusal(503, 'The server is receiving as many request bodies as it has memory for. Send the request again.', {
    retryAfterSeconds: 1,
  })

/** Never read by the client, which is gone. */
const brokenOff = () => new HttpRefusal(400, 'The request broke off before its end.')
