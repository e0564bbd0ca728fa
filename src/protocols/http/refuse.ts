/**
 * Refusals of what breaks a rule of HTTP itself (RFC 9112), and the end of a connection whose client is still sending: it is closed after
 * the reply, but not before the client could read it. Closing over unread bytes would reset the connection and take the reply along.
 */
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import type { Limits } from '../../limits.ts'
import { HttpRefusal } from './http-refusal.ts'
import { announcedBytes, expectsContinue } from './read-body.ts'
import { closed } from './send-reply.ts'
import type { WireHeaders, WireReply, WriteRefusal } from './wire.ts'

/** What every request must keep, however it is answered. */
export function brokenRule({ headers, httpVersion, rawHeaders }: IncomingMessage): HttpRefusal | undefined {
  if (httpVersion !== '1.1' && httpVersion !== '1.0') return new HttpRefusal(400, 'This server speaks HTTP/1.1.')
  if (headers.host === undefined) {
    return httpVersion === '1.1' ? new HttpRefusal(400, 'A request must have a Host header.') : undefined
  }
  // Node keeps the first; something before this server may have gone by another (RFC 9112 3.2).
  const hosts = rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'host')
  return hosts.length === 1 ? undefined : new HttpRefusal(400, 'A request must have one Host header.')
}

/** Whether the body is still with the client, and too large (or too uncertain) to be read only for the sake of the connection. */
export function isBodyLeft(request: IncomingMessage, limits: Pick<Limits, 'discardedBodyBytes'>): boolean {
  if (request.complete || announcedBytes(request) === 0) return false
  return expectsContinue(request) || (announcedBytes(request) ?? Infinity) > limits.discardedBodyBytes
}

/** Lets the client send the rest, discarded, so that it comes to read its reply. limits.requestBodyTimeoutMs bounds the whole of it. */
export function discardRest(
  request: IncomingMessage,
  { refusedLingerMs, refusedLingerBytes }: Pick<Limits, 'refusedLingerMs' | 'refusedLingerBytes'>,
): Promise<void> {
  return new Promise((resolve) => {
    let discardedBytes = 0
    const timer = setTimeout(resolve, refusedLingerMs)
    const done = () => {
      clearTimeout(timer)
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

/** For Node's clientError: a request that no parser could read, or that did not come to its end in time. */
export async function answerBrokenRequest(
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
  // Answers keep the order of their requests: those read whole go first; one that already answers a broken one cannot be mended.
  const { ahead, broken } = Object.groupBy(pending, ({ req }) => (req.complete ? 'ahead' : 'broken'))
  if (broken?.some(({ headersSent }) => headersSent)) {
    socket.destroy()
    return
  }
  await Promise.all((ahead ?? []).map(closed))
  socket.end(textOf(on.refuse(refusalOf(error.code), broken?.[0]?.req.headers as WireHeaders | undefined)))
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
      return new HttpRefusal(431, 'The request line and headers are too large.')
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new HttpRefusal(413, 'The chunk extensions are too large.')
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new HttpRefusal(408, 'The request did not arrive in time.')
    default:
      return new HttpRefusal(400, 'This is not an HTTP/1.1 request.')
  }
}
