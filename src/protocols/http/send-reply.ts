/** A plain reply onto the socket: streams with back-pressure, and closed as soon as nobody reads them any more. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { WireReply } from './wire.ts'

export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** A client that takes nothing of its reply for so long is gone. */
  readonly stallTimeoutMs: number
  /** Awaited when all is sent but the end of the response, at which Node closes a connection that is not kept. */
  readonly beforeEnd?: () => Promise<void>
}

/** A length would be that of the body which is not there (RFC 9110 8.6). */
const HAS_NO_BODY = new Set([204, 304])

/** Settles when the reply is sent or its client is gone; rejects where the reply's own stream fails. */
export async function sendReply(reply: WireReply, exchange: Exchange): Promise<void> {
  try {
    await send(reply, exchange)
  } finally {
    reply.onDone?.()
  }
}

async function send(reply: WireReply, { request, response, stallTimeoutMs, beforeEnd }: Exchange): Promise<void> {
  const { status, headers, body } = reply
  if (response.destroyed) return abandon(body)
  const destroyIfStalled = () => response.setTimeout(stallTimeoutMs, () => response.destroy())
  if (typeof body === 'string' || body instanceof Uint8Array) {
    const length = typeof body === 'string' ? Buffer.byteLength(body) : body.length
    response.writeHead(status, HAS_NO_BODY.has(status) ? headers : { ...headers, 'Content-Length': length })
    if (beforeEnd === undefined) response.end(body)
    else await endLater(response, { body, beforeEnd })
    // Mostly the kernel has taken all of it by now, and there is nobody to wait for.
    if (!isTaken(response)) destroyIfStalled()
    return closed(response)
  }
  destroyIfStalled()
  response.writeHead(status, headers)
  if (request.method === 'HEAD') {
    response.end()
    return abandon(body)
  }
  try {
    await pipeline(body, response, { end: beforeEnd === undefined })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error
  }
  if (beforeEnd !== undefined) {
    await beforeEnd()
    response.end()
  }
}

async function endLater(
  response: ServerResponse,
  { body, beforeEnd }: { readonly body: string | Uint8Array; readonly beforeEnd: () => Promise<void> },
): Promise<void> {
  response.flushHeaders()
  if (body.length > 0) response.write(body)
  await beforeEnd()
  response.end()
}

const isTaken = ({ socket }: ServerResponse): boolean => socket?.writableLength === 0

/** Sent and let go of, or cut off. */
export function closed(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => (response.closed ? resolve() : response.on('close', resolve)))
}

/** What holds something open (a file) must learn that it will not be read. */
async function abandon(body: WireReply['body']): Promise<void> {
  if (body instanceof Readable) body.destroy()
  else if (typeof body === 'object' && Symbol.asyncIterator in body) await body[Symbol.asyncIterator]().return?.()
}
