/**
 * Work that continues after its request was answered. A stopping server waits for it. While a store is unavailable it is retried until the
 * server stops; any other failure is logged.
 */
import { setTimeout } from 'node:timers/promises'
import type { Background, Log } from '../app.ts'
import { TemporarilyUnavailable } from '../contract/errors.ts'

const RETRY_MS = 1_000

export class BackgroundWork implements Background {
  readonly #log: Log
  readonly #running = new Set<Promise<void>>()
  readonly #stopping = new AbortController()

  constructor(log: Log) {
    this.#log = log
  }

  run(name: string, work: () => Promise<void>): void {
    const running = this.#untilDone(name, work)
      .catch((err: unknown) =>
        this.#log.error({ err, work: name }, 'background work failed; it is retried at the next start'),
      )
      .finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  async #untilDone(name: string, work: () => Promise<void>): Promise<void> {
    const { signal } = this.#stopping
    for (;;) {
      try {
        return await work()
      } catch (err) {
        if (!(err instanceof TemporarilyUnavailable) || signal.aborted) throw err
        this.#log.warn({ err, work: name }, 'background work could not use a store and is retried')
        await setTimeout(RETRY_MS, undefined, { signal }).catch(() => {})
      }
    }
  }

  /** Waits for all work, including work that is started meanwhile. Work on an unavailable store is no longer retried. */
  async drain(): Promise<void> {
    this.#stopping.abort()
    while (this.#running.size > 0) await Promise.all(this.#running)
  }
}
