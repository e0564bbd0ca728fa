/**
 * Answers to requests that break a limit or a rule of HTTP itself (RFC 9112). The connection is closed after them, but not
 * before the client could read why: closing over unread bytes would reset the connection and take the answer along.
 */
import { randomUUID } from 'node:crypto'
import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { ContractError } from '../contract/errors.ts'
import { writeError } from './aws/write-error.ts'
import { closed } from './send-reply.ts'
import type { WireReply } from './wire.ts'

/** How long a refused client may go on sending, unread and discarded. */
const LINGER_MS = 1_000

export function refusal(error: ContractError): WireReply {
  const reply = writeError(error)
  return { ...reply, headers: { ...reply.headers, 'x-amzn-RequestId': randomUUID(), Connection: 'close' } }
}

type Exchange = { readonly request: IncomingMessage; readonly response: ServerResponse }

/** The reply goes out whole at once; the response ends (and Node closes the connection) when the client stops sending. */
export async function sendRefusal(
  { status, headers, body }: WireReply,
  { request, response }: Exchange,
): Promise<void> {
  const text = body as string
  response.writeHead(status, { ...headers, 'Content-Length': Buffer.byteLength(text) })
  response.write(text)
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, LINGER_MS)
    const done = () => {
      clearTimeout(timer)
      resolve()
    }
    request.on('end', done)
    request.on('close', done)
    request.resume()
  })
  response.end()
}

/** For Node's clientError: a request that no parser could read, or that did not come to its end in time. */
export async function answerBrokenRequest(
  error: NodeJS.ErrnoException,
  { socket, pending }: { readonly socket: Socket; readonly pending: ReadonlySet<ServerResponse> },
): Promise<void> {
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
  const { status, headers, body } = refusal(refusalOf(error.code))
  const lines = Object.entries({
    ...headers,
    'Content-Length': Buffer.byteLength(body as string),
    Date: new Date().toUTCString(),
  }).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`)
  const timer = setTimeout(() => socket.destroy(), LINGER_MS)
  socket.on('close', () => clearTimeout(timer))
}

function refusalOf(code: string | undefined): ContractError {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return new ContractError('RequestHeaderFieldsTooLargeException', 'The request line and headers are too large.')
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new ContractError('RequestEntityTooLargeException', 'The chunk extensions are too large.')
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return new ContractError('RequestTimeoutException', 'The request did not arrive in time.')
    default:
      return new ContractError('BadRequestException', 'This is not an HTTP/1.1 request.')
  }
}
