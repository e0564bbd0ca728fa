/**
 * Why a request is refused as HTTP (RFC 9110, RFC 9112), whatever protocol it speaks. It has a status and a sentence and no error format:
 * each protocol writes it in its own.
 */

export type RefusalStatus = 400 | 408 | 413 | 431 | 500 | 503

export class HttpRefusal extends Error {
  override readonly name = 'HttpRefusal'
  readonly status: RefusalStatus
  /** Seconds after which the same request may succeed. */
  readonly retryAfterSeconds: number | undefined

  constructor(status: RefusalStatus, message: string, options: { readonly retryAfterSeconds?: number } = {}) {
    super(message)
    this.status = status
    this.retryAfterSeconds = options.retryAfterSeconds
  }
}
