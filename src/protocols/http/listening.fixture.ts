/** A listening server with the test's own protocol handler, and raw sockets as clients. */
import { connect, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { DEFAULT_LIMITS } from '../../default-limits.ts'
import type { Limits } from '../../limits.ts'
import { type LogLine, logInto } from '../aws/handler.fixture.ts'
import { writeRefusal } from '../aws/write-error.ts'
import { type Listening, listen } from './listen.ts'
import type { ProtocolHandler, WireReply } from './wire.ts'

export const reply = (body: WireReply['body'], status = 200): WireReply => ({ status, headers: {}, body })
/** Replies with the request, whose body may have up to a limit. */
export const echoUpTo =
  (bodyBytes: number): ProtocolHandler =>
  async ({ method, target, body }) =>
    reply(`${method} ${target} ${Buffer.from(await body.read(bodyBytes))}`)
export const echo = echoUpTo(DEFAULT_LIMITS.requestBodyBytes)

export type Server = Listening & { readonly lines: LogLine[] }

/** Stops when the test ends. */
export async function started(
  t: TestContext,
  handler: ProtocolHandler,
  limits: Partial<Limits> = {},
  more: Pick<Parameters<typeof listen>[0], 'tls' | 'proxies'> = {},
): Promise<Server> {
  const lines: LogLine[] = []
  const server = await listen({
    hosts: ['127.0.0.1', '::1'],
    port: 0,
    handler,
    refuse: writeRefusal,
    limits: { ...DEFAULT_LIMITS, shutdownMs: 100, ...limits },
    log: logInto(lines),
    ...more,
  })
  t.after(() => server.stop())
  return { ...server, lines }
}

export class Client {
  readonly socket: Socket
  #text = ''
  constructor(port: number, host = '127.0.0.1') {
    this.socket = connect({ port, host, noDelay: true })
    this.socket.setEncoding('latin1').on('data', (text) => {
      this.#text += text
    })
    // The server may reset the connection in some tests; what arrived before it counts.
    this.socket.on('error', () => {})
  }
  send(...lines: string[]): this {
    this.socket.write(lines.join('\r\n'), 'latin1')
    return this
  }
  /** Everything received, as soon as it matches. */
  async until(pattern: RegExp): Promise<string> {
    while (!pattern.test(this.#text)) {
      if (this.socket.closed) throw new Error(`closed after: ${this.#text}`)
      await new Promise<void>((resolve) => {
        const wake = () => resolve()
        this.socket.once('data', wake).once('close', wake)
      })
    }
    return this.#text
  }
  /** Everything received until the server closed the connection. */
  async closed(): Promise<string> {
    // Not events.once, which would reject for a connection that is reset or refused.
    if (!this.socket.closed) await new Promise<void>((resolve) => this.socket.once('close', () => resolve()))
    return this.#text
  }
}

/** One request on its own connection; returns everything received. */
export async function ask(port: number, ...lines: string[]): Promise<string> {
  const client = new Client(port).send(...lines)
  const text = await client.closed()
  client.socket.destroy()
  return text
}
