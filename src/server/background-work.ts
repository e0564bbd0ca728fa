/**
 * Work that outlives its request: counted, so that a stopping server can wait for it. Where a store is away it is tried again until the
 * server stops; what fails otherwise is logged.
 */
import { setTimeout } from 'node:timers/promises'
import type { Background, Log } from '../app.ts'
import { TemporarilyUnavailable } from '../contract/errors.ts'

const AGAIN_MS = 1_000

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
        this.#log.error({ err, work: name }, 'background work failed; it is tried again at the next start'),
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
        this.#log.warn({ err, work: name }, 'background work could not use a store; it is tried again')
        await setTimeout(AGAIN_MS, undefined, { signal }).catch(() => {})
      }
    }
  }

  /** Also what is started meanwhile. From here on nothing waits for a store that is away. */
  async drain(): Promise<void> {
    this.#stopping.abort()
    while (this.#running.size > 0) await Promise.all(this.#running)
  }
}
