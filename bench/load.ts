/**
 * A load generator that costs as little as it can, since it shares the machine with what it measures: raw sockets, each sending
 * ready-made bytes and reading to the end of the answer. Signatures have no nonce, so signed requests can be made beforehand.
 */
import { request as httpRequest } from 'node:http'
import { connect, type Socket } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { quantile } from './processes.ts'

export interface Load {
  readonly port: number
  /** Whole HTTP/1.1 requests; connections go round them. */
  readonly requests: readonly Buffer[]
  readonly connections: number
  readonly warmUpMs: number
  readonly durationMs: number
}

const READ_BYTES = 256 * 1024
/** RFC 9112 7.1. */
const LAST_CHUNK = Buffer.from('0\r\n\r\n')

export interface LoadResult {
  readonly requests: number
  readonly seconds: number
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly answerBytes: number
}

/** Throws when an answer is not a 200. */
export async function runLoad(load: Load): Promise<LoadResult> {
  await Promise.all(round(load, load.warmUpMs, []))
  const times: number[] = []
  const startedAt = performance.now()
  const sizes = await Promise.all(round(load, load.durationMs, times))
  const seconds = (performance.now() - startedAt) / 1000
  times.sort((a, b) => a - b)
  return {
    requests: times.length,
    seconds,
    perSecond: times.length / seconds,
    p50Ms: quantile(times, 0.5),
    p99Ms: quantile(times, 0.99),
    answerBytes: sizes[0] ?? 0,
  }
}

const round = (load: Load, durationMs: number, times: number[]): Promise<number>[] => {
  const until = performance.now() + durationMs
  return Array.from({ length: load.connections }, (_, index) => {
    let next = index
    // Always one, however late the connection is.
    const isOver = () => next !== index && performance.now() >= until
    const draw = () => (isOver() ? undefined : load.requests[next++ % load.requests.length]!)
    return oneConnection({ port: load.port, draw, times })
  })
}

/** Each request once. @returns how long it took in all, and the time of each */
export async function sendAll({
  port,
  requests,
  connections,
}: Pick<Load, 'port' | 'requests' | 'connections'>): Promise<{ readonly seconds: number; readonly timesMs: number[] }> {
  const timesMs: number[] = []
  let next = 0
  const draw = () => requests[next++]
  const startedAt = performance.now()
  await Promise.all(Array.from({ length: connections }, () => oneConnection({ port, draw, times: timesMs })))
  return { seconds: (performance.now() - startedAt) / 1000, timesMs: timesMs.sort((a, b) => a - b) }
}

interface Connection {
  readonly port: number
  /** The next request; undefined: there are no more. */
  readonly draw: () => Buffer | undefined
  readonly times: number[]
}

/** @returns the bytes of its last answer */
function oneConnection({ port, draw, times }: Connection): Promise<number> {
  return new Promise((resolve, reject) => {
    // One buffer for all that comes: answers of half a megabyte would otherwise be a chunk of garbage each.
    const buffer = Buffer.allocUnsafe(READ_BYTES)
    const callback = (bytes: number) => {
      onData(buffer.subarray(0, bytes))
      return true
    }
    const socket: Socket = connect({ port, host: '127.0.0.1', onread: { buffer, callback } })
    let sentAt = 0
    let pending = 0
    let isChunked = false
    let answerBytes = 0
    const send = () => {
      const request = draw()
      if (request === undefined) {
        socket.destroy()
        resolve(answerBytes)
        return
      }
      sentAt = performance.now()
      socket.write(request)
    }
    socket.setNoDelay(true)
    socket.on('connect', send)
    socket.on('error', reject)
    const onData = (chunk: Buffer) => {
      if (pending === 0) {
        const head = chunk.indexOf('\r\n\r\n')
        const text = chunk.toString('latin1', 0, head)
        if (!text.startsWith('HTTP/1.1 200'))
          return reject(new Error(`the server answered: ${chunk.toString('latin1')}`))
        isChunked = /transfer-encoding: chunked/i.test(text)
        const bodyBytes = Number(/content-length: (\d+)/i.exec(text)?.[1])
        answerBytes = isChunked ? 0 : head + 4 + bodyBytes
        pending = answerBytes
      }
      if (isChunked) {
        answerBytes += chunk.length
        pending = chunk.subarray(-LAST_CHUNK.length).equals(LAST_CHUNK) ? 0 : 1
      } else pending -= chunk.length
      if (pending > 0) return
      pending = 0
      times.push(performance.now() - sentAt)
      send()
    }
  })
}

/** The body of an answer as it is sent. */
export async function answerTo(port: number, request: Buffer): Promise<Buffer> {
  const [head, body] = request.toString().split('\r\n\r\n') as [string, string]
  const [requestLine, ...lines] = head.split('\r\n') as [string, ...string[]]
  const headers = lines.map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 2)] as const)
  const [method, path] = requestLine.split(' ') as [string, string]
  return new Promise((resolve, reject) => {
    const sent = httpRequest(
      { host: '127.0.0.1', port, method, path, headers: Object.fromEntries(headers) },
      (response) => buffer(response).then(resolve, reject),
    )
    sent.on('error', reject)
    sent.end(body)
  })
}
