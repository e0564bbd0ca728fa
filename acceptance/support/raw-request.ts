/**
 * Sends requests without an SDK: signed with Signature Version 4 and written to the socket byte for byte, so that a test controls the
 * spelling of request line, header names and body.
 */
import { createHash, createHmac } from 'node:crypto'
import { connect } from 'node:net'
import { SignatureV4 } from '@smithy/signature-v4'
import type { Hilum } from './hilum.ts'

export interface RawRequest {
  readonly method: string
  /** As signed: already percent-encoded. */
  readonly path: string
  readonly query?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** To sign, where the body is not text. */
  readonly bytes?: Uint8Array
  /** Default: address and port of the server. */
  readonly host?: string
  /** The request target to send, where it differs from path and query. */
  readonly target?: string
  readonly credentials?: Hilum['client']['credentials']
  readonly region?: string
  readonly service?: string
  readonly signedAt?: Date
  /** Whether x-amz-content-sha256 is among the headers; the SDKs for JavaScript and C++ send it, Python and Go do not. */
  readonly bodyHashHeader?: boolean
  /** How header names are spelled on the wire. */
  readonly spell?: (name: string) => string
}

export interface RawReply {
  readonly status: number
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
  // biome-ignore lint/suspicious/noExplicitAny: a test looks at whatever came.
  json(): any
}

export async function sendSigned(hilum: Hilum, request: RawRequest): Promise<RawReply> {
  const headers = await signedHeaders(hilum, request)
  return exchange(hilum, textOf(request, headers))
}

export async function signedHeaders(hilum: Hilum, request: RawRequest): Promise<Record<string, string>> {
  const { method, path, query = '', body, bodyHashHeader = false } = request
  const signer = new SignatureV4({
    service: request.service ?? 'medical-imaging',
    region: request.region ?? hilum.client.region,
    credentials: request.credentials ?? hilum.client.credentials,
    sha256: NodeSha256,
    applyChecksum: bodyHashHeader,
  })
  const { headers } = await signer.sign(
    {
      method,
      path,
      query: parametersOf(query),
      headers: { host: hostOf(hilum, request), ...request.headers },
      protocol: 'http:',
      hostname: '',
      body: body ?? request.bytes ?? '',
    },
    request.signedAt === undefined ? {} : { signingDate: request.signedAt },
  )
  return headers
}

const hostOf = (hilum: Hilum, request: RawRequest): string => request.host ?? new URL(hilum.endpoint).host

/** Decoded, as the signer expects them; a name may occur several times. */
function parametersOf(query: string): Record<string, string | string[]> {
  const parameters: Record<string, string | string[]> = {}
  for (const name of new Set(new URLSearchParams(query).keys())) {
    const values = new URLSearchParams(query).getAll(name)
    parameters[name] = values.length === 1 ? values[0]! : values
  }
  return parameters
}

/** The request as text, with these headers and `Connection: close`. */
export function textOf(request: RawRequest, headers: Readonly<Record<string, string>>): string {
  const { method, path, query, body, spell = (name: string) => name } = request
  const target = request.target ?? (query ? `${path}?${query}` : path)
  const length = body === undefined ? {} : { 'content-length': String(Buffer.byteLength(body)) }
  const lines = Object.entries({ ...length, ...headers, connection: 'close' }).map(
    ([name, value]) => `${spell(name)}: ${value}`,
  )
  return `${method} ${target} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n${body ?? ''}`
}

/** Sends bytes on a new connection and reads until the server closes it. */
export function exchange(hilum: Hilum, bytes: string): Promise<RawReply> {
  const { hostname, port } = new URL(hilum.endpoint)
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    const socket = connect(Number(port), hostname, () => socket.write(bytes))
    socket.on('data', (chunk) => chunks.push(chunk))
    socket.on('error', (error) => (chunks.length === 0 ? reject(error) : undefined))
    socket.on('close', () => resolve(replyOf(Buffer.concat(chunks).toString('utf8'))))
  })
}

function replyOf(text: string): RawReply {
  const end = text.indexOf('\r\n\r\n')
  const [statusLine = '', ...headerLines] = text.slice(0, end).split('\r\n')
  const headers: Record<string, string> = {}
  for (const line of headerLines) {
    const colon = line.indexOf(':')
    headers[line.slice(0, colon).toLowerCase()] = line.slice(colon + 1).trim()
  }
  const body = text.slice(end + 4)
  return { status: Number(statusLine.split(' ')[1]), headers, body, json: () => JSON.parse(body) }
}

/** SHA-256, or HMAC with a key, with the interface that the signer expects. */
class NodeSha256 {
  readonly #hash
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret as string | Buffer)
  }
  update(bytes: Uint8Array | string): void {
    this.#hash.update(bytes)
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest()
  }
  reset(): void {}
}
