/**
 * Refuses requests that violate HTTP (RFC 9112), and closes the connection of a client that is still sending. The connection stays open
 * until the client could read the reply: closing a socket with unread bytes resets it, and the reply is lost.
 */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Limits } from '../../limits.ts'
import { HttpRefusal } from './http-refusal.ts'
import { announcedBytes, expectsContinue } from './read-body.ts'
import { closed } from './send-reply.ts'
import type { WireHeaders, WireReply, WriteRefusal } from './wire.ts'

/** Checks what HTTP requires of every request. */
export function violationOf({ headers, httpVersion, rawHeaders }: IncomingMessage): HttpRefusal | undefined {
  if (httpVersion !== '1.1' && httpVersion !== '1.0')
    return new HttpRefusal(400, 'This server supports HTTP/1.1. Send the request with that version.')
  if (headers.host === undefined) {
    return httpVersion === '1.1' ? new HttpRefusal(400, 'A request must have a Host header.') : undefined
  }
  // Node uses the first; a proxy may have used another (RFC 9112 3.2).
  return countOf('host', rawHeaders) === 1
    ? undefined
    : new HttpRefusal(400, 'A request must have exactly one Host header.')
}

/** @param rawHeaders names and values in turn */
function countOf(name: string, rawHeaders: readonly string[]): number {
  let count = 0
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const each = rawHeaders[at]!
    if (each.length === name.length && each.toLowerCase() === name) count += 1
  }
  return count
}

/** Whether the body is unread and too large, or of unknown size, to be discarded only to keep the connection open. */
export function isBodyLeft(request: IncomingMessage, limits: Pick<Limits, 'discardedBodyBytes'>): boolean {
  if (request.complete || announcedBytes(request) === 0) return false
  return expectsContinue(request) || (announcedBytes(request) ?? Infinity) > limits.discardedBodyBytes
}

/** Discards what the client still sends, so that it gets to read its reply. limits.requestBodyTimeoutMs limits the total time. */
export function discardRest(
  request: IncomingMessage,
  {
    refusedLingerMs,
    refusedLingerBytes,
    requestBodyTimeoutMs,
  }: Pick<Limits, 'refusedLingerMs' | 'refusedLingerBytes' | 'requestBodyTimeoutMs'>,
): Promise<void> {
  return new Promise((resolve) => {
    let discardedBytes = 0
    const timer = setTimeout(() => done(), refusedLingerMs)
    const total = setTimeout(() => done(), requestBodyTimeoutMs)
    const done = () => {
      clearTimeout(timer)
      clearTimeout(total)
      resolve()
    }
    request.on('end', done)
    request.on('close', done)
    request.on('data', (chunk: Uint8Array) => {
      timer.refresh()
      discardedBytes += chunk.length
      if (discardedBytes > refusedLingerBytes) done()
    })
    request.resume()
  })
}

/** For Node's `clientError`: the request could not be parsed, or did not arrive in time. */
export async function answerUnreadableRequest(
  error: NodeJS.ErrnoException,
  on: {
    readonly socket: Socket
    readonly pending: ReadonlySet<ServerResponse>
    readonly refuse: WriteRefusal
    readonly limits: Pick<Limits, 'refusedLingerMs'>
  },
): Promise<void> {
  const { socket, pending } = on
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  // Replies keep the order of their requests: complete requests are answered first. A reply that has begun cannot be replaced.
  const { ahead, unread } = Object.groupBy(pending, ({ req }) => (req.complete ? 'ahead' : 'unread'))
  if (unread?.some(({ headersSent }) => headersSent)) {
    socket.destroy()
    return
  }
  await Promise.all((ahead ?? []).map(closed))
  socket.end(textOf(on.refuse(refusalOf(error.code), unread?.[0]?.req.headers as WireHeaders | undefined)))
  const timer = setTimeout(() => socket.destroy(), on.limits.refusedLingerMs)
  socket.on('close', () => clearTimeout(timer))
}

function textOf({ status, headers, body }: WireReply): string {
  const lines = Object.entries({
    ...headers,
    Connection: 'close',
    'Content-Length': Buffer.byteLength(body as string),
    Date: new Date().toUTCString(),
  }).map(([name, value]) => `${name}: ${value}\r\n`)
  return `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`
}

function refusalOf(code: string | undefined): HttpRefusal {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new HttpRefusal(431, 'The request line and headers are too large. Send fewer or shorter headers.')
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new HttpRefusal(413, 'The chunk extensions are too large. Send the body without chunk extensions.')
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new HttpRefusal(408, 'The request did not arrive in time. Send it again.')
    default:
      return new HttpRefusal(400, 'This is not an HTTP/1.1 request.')
  }
}
