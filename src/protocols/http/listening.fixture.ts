/** A listening server with a door of the test's own, and raw sockets to talk to it. */
import { connect, type Socket } from 'node:net'
import type { TestContext } from 'node:test'
import { DEFAULT_LIMITS, type Limits } from '../../limits.ts'
import { type LogLine, logInto } from '../aws/handler.fixture.ts'
import { writeRefusal } from '../aws/write-error.ts'
import { type Listening, listen } from './listen.ts'
import type { ProtocolHandler, WireReply } from './wire.ts'

export const reply = (body: WireReply['body'], status = 200): WireReply => ({ status, headers: {}, body })
/** Answers what it was asked, of a body up to a limit. */
export const echoUpTo =
  (bodyBytes: number): ProtocolHandler =>
  async ({ method, target, body }) =>
    reply(`${method} ${target} ${Buffer.from(await body.read(bodyBytes))}`)
export const echo = echoUpTo(DEFAULT_LIMITS.requestBodyBytes)

export type Server = Listening & { readonly lines: LogLine[] }

/** Stops when the test ends. */
export async function started(t: TestContext, handler: ProtocolHandler, limits: Partial<Limits> = {}): Promise<Server> {
  const lines: LogLine[] = []
  const server = await listen({
    hosts: ['127.0.0.1', '::1'],
    port: 0,
    handler,
    refuse: writeRefusal,
    limits: { ...DEFAULT_LIMITS, shutdownMs: 100, ...limits },
    log: logInto(lines),
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
    // A reset is the server's right in some tests; what arrived before it is what counts.
    this.socket.on('error', () => {})
  }
  send(...lines: string[]): this {
    this.socket.write(lines.join('\r\n'), 'latin1')
    return this
  }
  /** All that has come, as soon as it matches. */
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
  /** All that came until the server closed the connection. */
  async closed(): Promise<string> {
    // Not events.once, which would reject for a connection that is reset or refused.
    if (!this.socket.closed) await new Promise<void>((resolve) => this.socket.once('close', () => resolve()))
    return this.#text
  }
}

/** One request on a connection of its own: the whole text of the answer. */
export async function ask(port: number, ...lines: string[]): Promise<string> {
  const client = new Client(port).send(...lines)
  const text = await client.closed()
  client.socket.destroy()
  return text
}
