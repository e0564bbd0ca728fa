/**
 * The HTTP server around a door: sockets, limits and the graceful stop. What breaks a limit of HTTP itself never reaches the
 * door and is answered here, in the same JSON as the API's errors.
 */
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import type { Log } from '../app.ts'
import { ContractError } from '../contract/errors.ts'
import type { Limits } from '../limits.ts'
import { contractErrorOf } from './aws/write-error.ts'
import { bind } from './bind.ts'
import { readBody } from './read-body.ts'
import { answerBrokenRequest, refusal, sendRefusal } from './refuse.ts'
import { sendReply } from './send-reply.ts'
import type { Door, WireReply } from './wire.ts'

export interface Listening {
  readonly port: number
  /** No new connections; idle ones close at once, requests in flight are waited for up to limits.shutdownMs. */
  stop(): Promise<void>
}

export interface ListenOptions {
  /** The first must be available; another (the second loopback address, say) may be missing from the machine. */
  readonly hosts: readonly string[]
  /** 0: whichever is free. All hosts share it. */
  readonly port: number
  readonly door: Door
  readonly limits: Limits
  readonly log: Log
}

/** Open connections, each with its responses that are not finished (more than one where requests are pipelined). */
type Connections = Map<Socket, Set<ServerResponse>>

export async function listen(options: ListenOptions): Promise<Listening> {
  const { limits, log } = options
  const connections: Connections = new Map()
  const state = { stopping: false }
  const open = () => createHttpServer(options, { connections, state })
  const { servers, port } = await bind(options, open)

  async function stopAll(): Promise<void> {
    state.stopping = true
    const closed = Promise.all(servers.map((server) => once(server.close(), 'close')))
    for (const [socket, responses] of connections) if (responses.size === 0) socket.destroy()
    const deadline = setTimeout(() => {
      log.warn({ connections: connections.size }, 'requests in flight did not finish in time and are cut off')
      for (const socket of connections.keys()) socket.destroy()
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
  readonly state: { readonly stopping: boolean }
}

function createHttpServer(options: ListenOptions, { connections, state }: Shared): Server {
  const { limits } = options
  const server = createServer({
    maxHeaderSize: limits.requestHeaderBytes,
    // Node refuses to start with a longer one for the headers than for the whole.
    headersTimeout: Math.min(limits.requestHeaderTimeoutMs, limits.requestBodyTimeoutMs),
    requestTimeout: limits.requestBodyTimeoutMs,
    keepAliveTimeout: limits.keepAliveTimeoutMs,
    connectionsCheckingInterval: Math.min(1_000, limits.requestHeaderTimeoutMs),
    // Node's own refusal of a missing Host is no JSON; hostMissing refuses it.
    requireHostHeader: false,
    noDelay: true,
  })
  // Bounded by bytes; by number Node would drop headers in silence.
  server.maxHeadersCount = 0

  server.on('connection', (socket: Socket) => {
    if (connections.size >= limits.connections || state.stopping) {
      socket.destroy()
      return
    }
    connections.set(socket, new Set())
    socket.on('close', () => connections.delete(socket))
  })
  const onRequest = (request: IncomingMessage, response: ServerResponse) => {
    const pending = connections.get(request.socket)
    pending?.add(response)
    response.on('close', () => {
      pending?.delete(response)
      // A reply whose head was sent before the stop promised to keep the connection.
      if (state.stopping && pending?.size === 0) request.socket.destroySoon()
    })
    answer({ request, response, options, state }).catch((error) => {
      // The reply's own stream failed after its head was sent: cutting it off is what tells the client.
      options.log.error({ stack: (error as Error).stack }, 'a reply broke off')
      response.destroy()
    })
  }
  server.on('request', onRequest)
  // The AWS SDK for C++ waits for `100 Continue` before it sends any body: given only to bodies that will be read.
  server.on('checkContinue', onRequest)
  server.on('connect', (_request, socket) => socket.destroy())
  server.on('clientError', (error: NodeJS.ErrnoException, socket) =>
    answerBrokenRequest(error, { socket: socket as Socket, pending: connections.get(socket as Socket) ?? new Set() }),
  )
  return server
}

interface Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly options: ListenOptions
  readonly state: Shared['state']
}

async function answer(exchange: Exchange): Promise<void> {
  const startedAt = performance.now()
  const { request, response, options, state } = exchange
  const { limits, log } = options
  const body = hostMissing(request) ?? (await readBody(exchange, limits.requestBodyBytes))
  if (body === 'broken off') return
  const reply = body instanceof ContractError ? refusal(body) : await askDoor(exchange, body)
  if (state.stopping && !response.destroyed) response.setHeader('Connection', 'close')
  if (body instanceof ContractError) await sendRefusal(reply, exchange)
  else await sendReply(reply, { request, response, stallTimeoutMs: limits.requestBodyTimeoutMs })
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

async function askDoor({ request, options }: Exchange, body: Uint8Array): Promise<WireReply> {
  try {
    return await options.door({
      method: request.method as string,
      target: originForm(request.url as string),
      headers: request.headers as Record<string, string>,
      body,
      remoteAddress: request.socket.remoteAddress,
    })
  } catch (thrown) {
    options.log.error({ stack: (thrown as Error).stack }, 'a door threw instead of answering')
    return refusal(contractErrorOf(thrown))
  }
}

function hostMissing({ headers, httpVersion }: IncomingMessage): ContractError | undefined {
  return headers.host === undefined && httpVersion === '1.1'
    ? new ContractError('BadRequestException', 'A request must have a Host header.')
    : undefined
}

/** Through an HTTP proxy the target comes with scheme and host (RFC 9112 3.2.2); the rest is kept byte for byte. */
function originForm(target: string): string {
  if (target.startsWith('/')) return target
  const authority = /^https?:\/\/[^/?#]*/i.exec(target)
  if (authority === null) return target
  const rest = target.slice(authority[0].length)
  return rest.startsWith('/') ? rest : `/${rest}`
}
