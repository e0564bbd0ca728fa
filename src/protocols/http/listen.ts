/**
 * The HTTP server around a door: sockets, limits and the graceful stop. What breaks a rule of HTTP itself never reaches the door.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Log } from '../../app.ts'
import type { Limits } from '../../limits.ts'
import { bind } from './bind.ts'
import { type BodyBudget, openBodyBudget } from './body-budget.ts'
import { type Connection, Connections } from './connections.ts'
import { HttpRefusal } from './http-refusal.ts'
import { bodyOf } from './read-body.ts'
import { answerBrokenRequest, brokenRule, discardRest, isBodyLeft } from './refuse.ts'
import { sendReply } from './send-reply.ts'
import type { ProtocolHandler, WireHeaders, WireReply, WriteRefusal } from './wire.ts'

export interface Listening {
  readonly port: number
  /** No new connections; idle ones close at once, requests in flight are waited for up to limits.shutdownMs. */
  stop(): Promise<void>
}

interface ListenOptions {
  /** The first must be available; another (the second loopback address, say) may be missing from the machine. */
  readonly hosts: readonly string[]
  /** 0: whichever is free. All hosts share it. */
  readonly port: number
  readonly handler: ProtocolHandler
  readonly refuse: WriteRefusal
  readonly limits: Limits
  readonly log: Log
}

/** How often it is looked up which connections were sent bytes. */
const ACTIVITY_EVERY_MS = 1_000
/** A limit that is reached is said so often at most. */
const WARN_EVERY_MS = 60_000

export async function listen(options: ListenOptions): Promise<Listening> {
  const { limits, log } = options
  const shared: Shared = {
    connections: new Connections(limits),
    budget: openBodyBudget(limits),
    stopping: false,
    warnedAt: -Infinity,
  }
  const { connections } = shared
  const { servers, port } = await bind(options, () => createHttpServer(options, shared))
  const activity = setInterval(() => connections.noteActivity(), ACTIVITY_EVERY_MS).unref()

  async function stopAll(): Promise<void> {
    shared.stopping = true
    clearInterval(activity)
    const closed = Promise.all(servers.map((server) => once(server.close(), 'close')))
    for (const { socket, pending } of connections.all()) if (pending.size === 0) socket.destroy()
    const deadline = setTimeout(() => {
      log.warn({ connections: connections.size }, 'requests in flight did not finish in time and are cut off')
      for (const { socket } of connections.all()) socket.destroy()
    }, limits.shutdownMs)
    await closed
    clearTimeout(deadline)
  }
  let stopped: Promise<void> | undefined
  const stop = () => {
    stopped ??= stopAll()
    return stopped
  }
  return { port, stop }
}

interface Shared {
  readonly connections: Connections
  readonly budget: BodyBudget
  stopping: boolean
  /** On the clock of performance.now(). */
  warnedAt: number
}

function createHttpServer(options: ListenOptions, shared: Shared): Server {
  const { limits, refuse } = options
  const { connections } = shared
  const server = createServer({
    maxHeaderSize: limits.requestHeaderBytes,
    // Node refuses to start with a longer one for the headers than for the whole.
    headersTimeout: Math.min(limits.requestHeaderTimeoutMs, limits.requestBodyTimeoutMs),
    requestTimeout: limits.requestBodyTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: Math.min(1_000, limits.requestHeaderTimeoutMs),
    // Node's own refusal of a missing Host is in no protocol's format; brokenRule refuses it.
    requireHostHeader: false,
    noDelay: true,
  })
  // Bounded by bytes; by number Node would drop headers in silence.
  server.maxHeadersCount = 0

  server.on('connection', (socket: Socket) => {
    const limit = shared.stopping ? 'stopping' : connections.admit(socket)
    if (limit === undefined) return
    socket.destroy()
    if (limit !== 'stopping') warnOf(limit, options, shared)
  })
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    const connection = connections.of(request.socket)
    // Its connection is closed, or closes with the reply before it.
    if (connection === undefined || connection.isEnding) return
    connection.pending.add(response)
    connections.touch(connection)
    response.on('close', () => {
      connection.pending.delete(response)
      connections.touch(connection)
      // A reply whose head was sent before the stop promised to keep the connection.
      if (shared.stopping && connection.pending.size === 0) request.socket.destroySoon()
    })
    answer({ request, response, connection, options, shared }).catch((error) => {
      // The reply's own stream failed after its head was sent: cutting it off is what tells the client.
      options.log.error({ stack: (error as Error).stack }, 'a reply broke off')
      response.destroy()
    })
  }
  server.on('request', onRequest)
  // The AWS SDK for C++ waits for `100 Continue` before it sends any body: given only to bodies that will be read.
  server.on('checkContinue', onRequest)
  server.on('connect', (_request, socket) => socket.destroy())
  server.on('clientError', (error: NodeJS.ErrnoException, duplex) => {
    const socket = duplex as Socket
    return answerBrokenRequest(error, { socket, pending: connections.of(socket)?.pending ?? new Set(), refuse, limits })
  })
  return server
}

function warnOf(limit: 'connections' | 'connectionsPerAddress', { log, limits }: ListenOptions, shared: Shared): void {
  const now = performance.now()
  if (now - shared.warnedAt < WARN_EVERY_MS) return
  shared.warnedAt = now
  log.warn(
    { limit, value: limits[limit] },
    'a connection is refused: all that the limit allows have requests in flight',
  )
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly connection: Connection
  readonly options: ListenOptions
  readonly shared: Shared
}

async function answer(exchange: Exchange): Promise<void> {
  const startedAt = performance.now()
  const { request, response, connection, options, shared } = exchange
  const { limits, log } = options
  const refusal = brokenRule(request)
  const reply =
    refusal === undefined ? await askHandler(exchange) : options.refuse(refusal, request.headers as WireHeaders)
  const isEnding = refusal !== undefined || isBodyLeft(request, limits)
  if ((isEnding || shared.stopping) && !response.destroyed) response.setHeader('Connection', 'close')
  connection.isEnding ||= isEnding
  const beforeEnd = () => discardRest(request, limits)
  const stallTimeoutMs = limits.requestBodyTimeoutMs
  await sendReply(reply, { request, response, stallTimeoutMs, ...(isEnding && { beforeEnd }) })
  const fields = {
    method: request.method,
    operation: reply.operation,
    status: reply.status,
    durationMs: Math.round(performance.now() - startedAt),
    requestId: reply.headers['x-amzn-RequestId'],
    isWhole: response.writableFinished,
  }
  // No path and no query: they can hold a patient's identity.
  log.debug(fields, 'request')
}

async function askHandler({ request, response, options, shared }: Exchange): Promise<WireReply> {
  const headers = request.headers as WireHeaders
  const repeatedHeaders = repeatedOf(request)
  try {
    return await options.handler({
      method: request.method as string,
      target: originForm(request.url as string),
      headers,
      ...(repeatedHeaders && { repeatedHeaders }),
      body: bodyOf({ request, response }, shared.budget),
      remoteAddress: request.socket.remoteAddress,
    })
  } catch (thrown) {
    if (thrown instanceof HttpRefusal) return options.refuse(thrown, headers)
    options.log.error({ stack: (thrown as Error).stack }, 'a handler threw instead of answering')
    return options.refuse(new HttpRefusal(500, 'The server failed to answer this request.'), headers)
  }
}

/** Undefined where no header came more than once, as nearly always. */
function repeatedOf({ headers, rawHeaders }: IncomingMessage): ReadonlyMap<string, readonly string[]> | undefined {
  if (Object.keys(headers).length * 2 === rawHeaders.length) return undefined
  const values = new Map<string, string[]>()
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!.toLowerCase()
    values.set(name, [...(values.get(name) ?? []), rawHeaders[at + 1]!])
  }
  return new Map([...values].filter(([, each]) => each.length > 1))
}

/** Through an HTTP proxy the target comes with scheme and host (RFC 9112 3.2.2); the rest is kept byte for byte. */
function originForm(target: string): string {
  if (target.startsWith('/')) return target
  const authority = /^https?:\/\/[^/?#]*/i.exec(target)
  if (authority === null) return target
  const rest = target.slice(authority[0].length)
  return rest.startsWith('/') ? rest : `/${rest}`
}
