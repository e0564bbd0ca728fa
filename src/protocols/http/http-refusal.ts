/**
 * A request is refused at the level of HTTP (RFC 9110, RFC 9112). The refusal has a status and a sentence but no error format: each protocol
 * writes its own.
 */

export type RefusalStatus = 400 | 403 | 408 | 413 | 429 | 431 | 500 | 503

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
