/**
 * How long an S3 server may keep us waiting. Every request has a deadline of its own, tries made again by the client included: a server
 * that accepts connections and says nothing is away, as one that refuses them is. What its client calls `requestTimeout` counts from the
 * beginning to the first byte of the answer whatever is sent meanwhile, and `socketTimeout` goes on while a slow reader takes its time, so
 * neither bounds an answer.
 */
import { StoreUnavailable } from '../../store-unavailable.ts'

export interface S3Limits {
  readonly s3ConnectTimeoutMs: number
  /** Without a byte, to us or from us. */
  readonly s3SilenceTimeoutMs: number
  /** A request that is slower than this as a whole is given up. */
  readonly s3BytesPerSecondMin: number
  /** Each of which may be held by the reader of a blob. */
  readonly s3Connections: number
}

/** A longer timer of Node's fires at once. */
const TIMER_MS_MAX = 2 ** 31 - 1

export const silent = (): StoreUnavailable =>
  new StoreUnavailable({ store: 'the S3 bucket', reason: 'away', code: 'no answer in time' })

const transferMs = (sizeBytes: number, { s3BytesPerSecondMin }: S3Limits): number =>
  (sizeBytes / s3BytesPerSecondMin) * 1_000

/**
 * Ends with the request, or with its deadline at the latest.
 * @param sizeBytes that the server has to take, or to put together, before it can answer
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
    reject(silent())
  }, deadlineMs)
  const answer = request(abort.signal)
  // After the deadline its rejection is not awaited.
  answer.catch(() => {})
  try {
    return await Promise.race([answer, tooLate])
  } finally {
    clearTimeout(timer)
  }
}

/** Bounds the waits for the parts of an answer. The time that the reader takes between them does not count. */
export class BodyDeadline {
  readonly #limits: S3Limits
  #waitedMs = 0
  #receivedBytes = 0

  constructor(limits: S3Limits) {
    this.#limits = limits
  }

  /** @param giveUp ends what is waited for */
  async next<R extends IteratorResult<Uint8Array>>(read: () => Promise<R>, giveUp: () => void): Promise<R> {
    const { s3SilenceTimeoutMs } = this.#limits
    const leftMs = s3SilenceTimeoutMs + transferMs(this.#receivedBytes, this.#limits) - this.#waitedMs
    const startedAt = performance.now()
    const timer = setTimeout(giveUp, Math.max(0, Math.min(s3SilenceTimeoutMs, leftMs)))
    try {
      const part = await read()
      this.#receivedBytes += part.value?.length ?? 0
      return part
    } finally {
      clearTimeout(timer)
      this.#waitedMs += performance.now() - startedAt
    }
  }
}
