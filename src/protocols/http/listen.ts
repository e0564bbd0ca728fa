/**
 * The HTTP server in front of a protocol handler: sockets, limits and the graceful stop. A request that violates HTTP is refused here and
 * does not reach the handler.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https'
import { Server as NetServer, type Socket } from 'node:net'
import type { SecureContextOptions } from 'node:tls'
import type { Log } from '../../app.ts'
import type { Limits } from '../../limits.ts'
import { bind } from './bind.ts'
import { type BodyBudget, openBodyBudget } from './body-budget.ts'
import { type Connection, Connections } from './connections.ts'
import { hostNameOf, isAddress, isLocalhost } from './host-name.ts'
import { HttpRefusal } from './http-refusal.ts'
import { bodyOf, type IncomingBody } from './read-body.ts'
import { answerUnreadableRequest, discardRest, isBodyLeft, violationOf } from './refuse.ts'
import { type TrustedProxies, trustedProxies } from './request-origin.ts'
import { sendReply } from './send-reply.ts'
import type { ProtocolHandler, WireHeaders, WireReply, WriteRefusal } from './wire.ts'

export interface Listening {
  readonly port: number
  /** New connections get this certificate; open ones keep theirs. */
  useCertificate(context: SecureContextOptions): void
  /** From now on each connection closes after its next reply. New ones are accepted: a load balancer has time to find another server. */
  drain(): void
  /**
   * Accepts no new connections, closes idle ones, and waits up to limits.shutdownMs for requests in flight. Further calls wait for the first.
   * @param options.idleMs idle connections stay open so long, each for one more request: no client sends into one that is being closed
   */
  stop(options?: { readonly idleMs: number }): Promise<void>
}

interface ListenOptions {
  /** The first must be available; others, such as the second loopback address, may be missing on the machine. */
  readonly hosts: readonly string[]
  /** One port for all hosts; 0 takes any free port. */
  readonly port: number
  /** The certificate and its key; without it, plain HTTP. */
  readonly tls?: SecureContextOptions | undefined
  /** Proxies whose word about the client counts. */
  readonly proxies?: TrustedProxies
  readonly handler: ProtocolHandler
  readonly refuse: WriteRefusal
  readonly limits: Limits
  readonly log: Log
}

/** A year: how long browsers use TLS only, for this name (RFC 6797). */
const STRICT_TRANSPORT_SECONDS = 365 * 24 * 3_600
/** How often the time of the last byte is recorded for each connection. */
const ACTIVITY_INTERVAL_MS = 1_000
/** Between two warnings about a limit that is reached. */
const WARNING_INTERVAL_MS = 60_000

export async function listen(options: ListenOptions): Promise<Listening> {
  const { limits, log } = options
  const proxies = options.proxies ?? trustedProxies([])
  const shared: Shared = {
    connections: new Connections(limits, proxies),
    proxies,
    budget: openBodyBudget(limits),
    draining: false,
    closesIdle: false,
    warnedAt: -Infinity,
  }
  const { connections } = shared
  const { servers, port } = await bind(options, () => createHttpServer(options, shared))
  const activity = setInterval(() => connections.noteActivity(), ACTIVITY_INTERVAL_MS).unref()

  async function stopAll({ idleMs }: { readonly idleMs: number }): Promise<void> {
    shared.draining = true
    clearInterval(activity)
    // The close of HTTP would also close idle connections.
    const closed = Promise.all(servers.map((server) => once(NetServer.prototype.close.call(server), 'close')))
    const closeIdle = () => {
      shared.closesIdle = true
      for (const { socket, pending } of connections.all()) if (pending.size === 0) socket.destroy()
    }
    const idle = idleMs === 0 ? undefined : setTimeout(closeIdle, idleMs)
    if (idle === undefined) closeIdle()
    const deadline = setTimeout(() => {
      log.warn(
        { connections: connections.size },
        'requests in flight did not finish within shutdownMs; their connections are closed',
      )
      for (const { socket } of connections.all()) socket.destroy()
    }, limits.shutdownMs)
    await closed
    clearTimeout(idle)
    clearTimeout(deadline)
    // Ends the timer of HTTP too.
    for (const server of servers) server.close()
  }
  let stopped: Promise<void> | undefined
  const stop = (how = { idleMs: 0 }) => {
    stopped ??= stopAll(how)
    return stopped
  }
  const useCertificate = (context: SecureContextOptions) => {
    for (const server of servers) (server as TlsServer).setSecureContext({ ...TLS_OPTIONS, ...context })
  }
  const drain = () => {
    shared.draining = true
  }
  return { port, useCertificate, drain, stop }
}

/** Older versions are broken (RFC 8996). Ciphers and curves are those of Node. */
const TLS_OPTIONS = { minVersion: 'TLSv1.2' } as const

interface Shared {
  readonly connections: Connections
  readonly proxies: TrustedProxies
  readonly budget: BodyBudget
  draining: boolean
  closesIdle: boolean
  /** By performance.now(). */
  warnedAt: number
}

function createHttpServer(options: ListenOptions, shared: Shared): Server | TlsServer {
  const { limits, refuse, tls } = options
  const { connections } = shared
  const serverOptions = {
    maxHeaderSize: limits.requestHeaderBytes,
    // Node requires headersTimeout <= requestTimeout.
    headersTimeout: Math.min(limits.requestHeaderTimeoutMs, limits.requestBodyTimeoutMs),
    // The slowest request that a route takes; bodies have shorter limits of their own (read-body.ts).
    requestTimeout: Math.max(limits.storeRequestMs, limits.requestBodyTimeoutMs),
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: Math.min(1_000, limits.requestHeaderTimeoutMs),
    // Node would refuse a missing Host header in its own format; violationOf checks it.
    requireHostHeader: false,
    noDelay: true,
  }
  const server =
    tls === undefined
      ? createServer(serverOptions)
      : createTlsServer({
          ...{ ...serverOptions, ...TLS_OPTIONS, ...tls },
          handshakeTimeout: limits.requestHeaderTimeoutMs,
        })
  // Limited by bytes only: beyond a count, Node drops headers silently.
  server.maxHeadersCount = 0

  server.on('connection', (socket: Socket) => {
    const limit = shared.closesIdle ? 'stopping' : connections.admit(socket)
    if (limit === undefined) return
    socket.destroy()
    if (limit !== 'stopping') warnAboutLimit(limit, options, shared)
  })
  server.on('secureConnection', (socket: Socket) => connections.secure(socket))
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    const connection = connections.of(request.socket)
    // The connection is closed, or closes after an earlier reply.
    if (connection === undefined || connection.isEnding) return
    connection.pending.add(response)
    connections.touch(connection)
    response.on('close', () => {
      connection.pending.delete(response)
      connections.touch(connection)
      // A reply that began before the stop was sent with keep-alive: until now a client may already send its next request.
      if (shared.closesIdle && connection.pending.size === 0) request.socket.destroySoon()
    })
    answer({ request, response, connection, options, shared }).catch((error) => {
      // The stream failed after the headers were sent: only an aborted connection signals that to the client.
      options.log.error({ stack: (error as Error).stack }, 'a reply was aborted')
      response.destroy()
    })
  }
  server.on('request', onRequest)
  // The AWS SDK for C++ waits for `100 Continue` before it sends a body; it is sent when the body is read.
  server.on('checkContinue', onRequest)
  server.on('connect', (_request, socket) => socket.destroy())
  server.on('clientError', (error: NodeJS.ErrnoException, duplex) => {
    const socket = duplex as Socket
    const connection = connections.of(socket)
    // Also where the TLS handshake failed, which cannot be answered.
    if (connection === undefined) return socket.destroy()
    return answerUnreadableRequest(error, {
      socket,
      pending: connection.pending,
      refuse,
      limits,
    })
  })
  return server
}

function warnAboutLimit(
  limit: 'connections' | 'connectionsPerAddress',
  { log, limits }: ListenOptions,
  shared: Shared,
): void {
  const now = performance.now()
  if (now - shared.warnedAt < WARNING_INTERVAL_MS) return
  shared.warnedAt = now
  log.warn(
    { limit, value: limits[limit] },
    'a connection was refused: the limit is reached, and every connection has a request in flight',
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
  const body = bodyOf({ request, response }, { budget: shared.budget, limits })
  const refusal = violationOf(request)
  const reply =
    refusal === undefined ? await callHandler(exchange, body) : options.refuse(refusal, request.headers as WireHeaders)
  // A client that is too slow may stay so for the rest of its body.
  const isLate = reply.status === 408 && !request.complete
  const isEnding = refusal !== undefined || isLate || (!body.isRead && isBodyLeft(request, limits))
  if ((isEnding || shared.draining) && !response.destroyed) response.setHeader('Connection', 'close')
  if (options.tls !== undefined && !response.destroyed && isNamed(request)) {
    response.setHeader('Strict-Transport-Security', `max-age=${STRICT_TRANSPORT_SECONDS}`)
  }
  connection.isEnding ||= isEnding
  const stallTimeoutMs = limits.requestBodyTimeoutMs
  const beforeEnd = isEnding ? () => discardRest(request, limits) : undefined
  await sendReply(reply, { request, response, stallTimeoutMs, beforeEnd })
  const fields = {
    method: request.method,
    operation: reply.operation,
    status: reply.status,
    durationMs: Math.round(performance.now() - startedAt),
    requestId: reply.requestId,
    isWhole: response.writableFinished,
  }
  // Neither path nor query is logged: they can identify a patient.
  log.debug(fields, 'request')
}

/** Browsers ignore the header for addresses (RFC 6797 8.1.1). For `localhost` it would break every other server of a developer's machine. */
function isNamed({ headers }: IncomingMessage): boolean {
  const name = hostNameOf(headers.host)
  return name !== '' && !isAddress(name) && !isLocalhost(name)
}

async function callHandler({ request, options, shared }: Exchange, body: IncomingBody): Promise<WireReply> {
  const headers = request.headers as WireHeaders
  const repeatedHeaders = repeatedHeadersOf(request)
  try {
    const { remoteAddress: address } = request.socket
    const origin = shared.proxies.originOf({ address, isTls: options.tls !== undefined }, headers)
    return await options.handler({
      method: request.method as string,
      target: originForm(request.url as string),
      headers,
      repeatedHeaders,
      body,
      remoteAddress: origin.remoteAddress,
      isSecure: origin.isSecure,
      isForwarded: origin.isForwarded,
      isFromTrustedProxy: origin.isFromTrustedProxy,
    })
  } catch (thrown) {
    if (thrown instanceof HttpRefusal) return options.refuse(thrown, headers)
    options.log.error({ stack: (thrown as Error).stack }, 'a protocol handler threw instead of replying')
    return options.refuse(new HttpRefusal(500, 'The server failed to answer this request.'), headers)
  }
}

/** Undefined where no header was sent more than once, which is the usual case. */
function repeatedHeadersOf({
  headers,
  rawHeaders,
}: IncomingMessage): ReadonlyMap<string, readonly string[]> | undefined {
  if (Object.keys(headers).length * 2 === rawHeaders.length) return undefined
  const values = new Map<string, string[]>()
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const name = rawHeaders[at]!.toLowerCase()
    values.set(name, [...(values.get(name) ?? []), rawHeaders[at + 1]!])
  }
  return new Map([...values].filter(([, each]) => each.length > 1))
}

/** An HTTP proxy may send the target with scheme and host (RFC 9112 3.2.2); the rest is kept byte for byte. */
function originForm(target: string): string {
  if (target.startsWith('/')) return target
  const authority = /^https?:\/\/[^/?#]*/i.exec(target)
  if (authority === null) return target
  const rest = target.slice(authority[0].length)
  return rest.startsWith('/') ? rest : `/${rest}`
}
