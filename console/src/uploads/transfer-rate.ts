/** The speed of a transfer over its last seconds. */
import { RATE_WINDOW_MS } from './limits.ts'

export class TransferRate {
  readonly #sent: { readonly at: number; readonly bytes: number }[] = []
  #startedAt: number

  constructor(now: number) {
    this.#startedAt = now
  }

  add(bytes: number, now: number): void {
    this.#sent.push({ at: now, bytes })
  }

  /** Undefined until something was sent. */
  bytesPerSecond(now: number): number | undefined {
    while (this.#sent[0] !== undefined && this.#sent[0].at < now - RATE_WINDOW_MS) this.#sent.shift()
    const bytes = this.#sent.reduce((sum, sent) => sum + sent.bytes, 0)
    const ms = Math.min(RATE_WINDOW_MS, now - this.#startedAt)
    return bytes === 0 || ms <= 0 ? undefined : (bytes * 1000) / ms
  }
}
