/** Work that outlives its request: counted, so that a stopping server can wait for it, and logged when it fails. */
import type { Background, Log } from './app.ts'

export class BackgroundWork implements Background {
  readonly #log: Log
  readonly #running = new Set<Promise<void>>()

  constructor(log: Log) {
    this.#log = log
  }

  run(name: string, work: () => Promise<void>): void {
    const running = work()
      .catch((err: unknown) =>
        this.#log.error({ err, work: name }, 'background work failed; it is tried again at the next start'),
      )
      .finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  /** Also what is started meanwhile. */
  async drain(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }
}
