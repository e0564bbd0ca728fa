/**
 * Deadlines for an S3 server. Every request has one, which includes the retries of the client: a server that accepts connections and does not
 * respond counts as unavailable, like one that refuses them. The timeouts of the client are not enough: `requestTimeout` runs from the start
 * of the request to the first byte of the response, even while data is sent, and `socketTimeout` also runs while a slow reader pauses.
 */
import { StoreUnavailable } from '../../store-unavailable.ts'

export interface S3Limits {
  readonly s3ConnectTimeoutMs: number
  /** Without a byte in either direction. */
  readonly s3SilenceTimeoutMs: number
  /** The minimum average rate: slower requests are aborted. */
  readonly s3BytesPerSecondMin: number
  /** A reader of a blob occupies one until it is done. */
  readonly s3Connections: number
}

/** Node fires a longer timer at once. */
const TIMER_MS_MAX = 2 ** 31 - 1

export const timedOut = (): StoreUnavailable =>
  new StoreUnavailable({ store: 'the S3 bucket', reason: 'away', code: 'no answer in time' })

const transferMs = (sizeBytes: number, { s3BytesPerSecondMin }: S3Limits): number =>
  (sizeBytes / s3BytesPerSecondMin) * 1_000

/**
 * Sends a request and rejects at its deadline.
 * @param sizeBytes that the server has to receive or assemble before it can respond
 */
export async function inTime<T>(
  limits: S3Limits,
  sizeBytes: number,
  request: (abortSignal: AbortSignal) => Promise<T>,
): Promise<T> {
  const abort = new AbortController()
  const { promise: tooLate, reject } = Promise.withResolvers<never>()
  const deadlineMs = Math.min(limits.s3SilenceTimeoutMs + transferMs(sizeBytes, limits), TIMER_MS_MAX)
  const timer = setTimeout(() => {
    abort.abort()
    reject(timedOut())
  }, deadlineMs)
  const response = request(abort.signal)
  // After the deadline its rejection is not awaited.
  response.catch(() => {})
  try {
    return await Promise.race([response, tooLate])
  } finally {
    clearTimeout(timer)
  }
}

/** Limits the time that a reader waits for a response body. Time between its reads does not count. */
export class BodyDeadline {
  readonly #limits: S3Limits
  #waitedMs = 0
  #receivedBytes = 0

  constructor(limits: S3Limits) {
    this.#limits = limits
  }

  /** @param abort makes a pending `read` reject */
  async next<R extends IteratorResult<Uint8Array>>(read: () => Promise<R>, abort: () => void): Promise<R> {
    const { s3SilenceTimeoutMs } = this.#limits
    const leftMs = s3SilenceTimeoutMs + transferMs(this.#receivedBytes, this.#limits) - this.#waitedMs
    const startedAt = performance.now()
    const timer = setTimeout(abort, Math.max(0, Math.min(s3SilenceTimeoutMs, leftMs)))
    try {
      const chunk = await read()
      this.#receivedBytes += chunk.value?.length ?? 0
      return chunk
    } finally {
      clearTimeout(timer)
      this.#waitedMs += performance.now() - startedAt
    }
  }
}
