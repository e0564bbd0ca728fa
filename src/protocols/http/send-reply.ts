/** Sends a reply to a socket. Streams are read with back-pressure, and closed when the client is gone. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { WireReply } from './wire.ts'

export interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  /** The connection is closed after this time without progress. */
  readonly stallTimeoutMs: number
  /** Awaited before the end of the response, at which Node closes a connection that is not kept alive. */
  readonly beforeEnd?: (() => Promise<void>) | undefined
}

/** These have no body, so a Content-Length must not be sent (RFC 9110 8.6). */
const HAS_NO_BODY = new Set([204, 304])

/** Resolves when the reply is sent or the client is gone; rejects where the stream of the reply fails. */
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
  if (isInMemory(body)) {
    response.writeHead(status, headOf(headers, HAS_NO_BODY.has(status) ? undefined : lengthOf(body)))
    if (beforeEnd === undefined) endWith(response, body)
    else await endLater(response, { body, beforeEnd })
    // Usually the kernel has taken all of it by now, and no timeout is needed.
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

const CONTENT_LENGTH = 'Content-Length'

/** Names and values in turn, which Node writes without another object. @param length replaces that of the headers */
function headOf(headers: WireReply['headers'], length: number | undefined): string[] {
  const head: string[] = []
  for (const name in headers) {
    if (length === undefined || name !== CONTENT_LENGTH) head.push(name, headers[name]!)
  }
  if (length !== undefined) head.push(CONTENT_LENGTH, String(length))
  return head
}

type InMemory = Exclude<WireReply['body'], AsyncIterable<Uint8Array>>

const isInMemory = (body: WireReply['body']): body is InMemory =>
  typeof body === 'string' || body instanceof Uint8Array || Array.isArray(body)

const partsOf = (body: InMemory): readonly (string | Uint8Array)[] =>
  typeof body === 'string' || body instanceof Uint8Array ? [body] : body

function lengthOf(body: InMemory): number {
  if (typeof body === 'string') return Buffer.byteLength(body)
  return body instanceof Uint8Array ? body.length : body.reduce((sum, { length }) => sum + length, 0)
}

function endWith(response: ServerResponse, body: InMemory): void {
  if (typeof body === 'string' || body instanceof Uint8Array) return void response.end(body)
  response.cork()
  for (const part of body) response.write(part)
  response.end()
}

async function endLater(
  response: ServerResponse,
  { body, beforeEnd }: { readonly body: InMemory; readonly beforeEnd: () => Promise<void> },
): Promise<void> {
  response.flushHeaders()
  for (const part of partsOf(body)) if (part.length > 0) response.write(part)
  await beforeEnd()
  response.end()
}

const isTaken = ({ socket }: ServerResponse): boolean => socket?.writableLength === 0

/** Resolves when the response is sent, or its connection is closed. */
export function closed(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => (response.closed ? resolve() : response.on('close', resolve)))
}

/** Releases a reply that will not be sent. */
export async function abandonReply(reply: WireReply): Promise<void> {
  reply.onDone?.()
  await abandon(reply.body)
}

/** Closes the source of a body that will not be read, which may hold a file open. */
async function abandon(body: WireReply['body']): Promise<void> {
  if (body instanceof Readable) body.destroy()
  else if (typeof body === 'object' && Symbol.asyncIterator in body) await body[Symbol.asyncIterator]().return?.()
}
