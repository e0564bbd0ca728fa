/**
 * Import jobs take turns, so that a small job need not wait for a large one. A turn is over after `importTurnMs` if another job waits; the
 * worker then gives its job back at the next boundary of a batch. A turn is never over before the job has made progress, and lasts several
 * times as long as it took to resume, up to a limit: a folder of a million names is listed again in each turn.
 */
import { setTimeout } from 'node:timers/promises'

/** Resuming takes at most this part of a turn. */
const RESUMING_PART = 1 / 5
/** But a turn is over after so many times `importTurnMs`. */
const TURNS_MAX = 60
/** How often a worker looks whether another job waits, as a part of `importTurnMs`. */
const LOOK_PART = 1 / 5

export class Turn {
  readonly #turnMs: number
  readonly #isOneWaiting: () => Promise<boolean>
  readonly #startedAt = performance.now()
  readonly #overdue = Promise.withResolvers<void>()
  readonly #ended = new AbortController()
  #resumedMs: number | undefined
  #isOver = false
  /** Resolves when the turn should have ended for as long as it may last: the job is at none of its boundaries. */
  readonly overdue: Promise<void> = this.#overdue.promise

  /** @param isOneWaiting another job; it may reject, which means that none does */
  constructor({ turnMs, isOneWaiting }: { readonly turnMs: number; readonly isOneWaiting: () => Promise<boolean> }) {
    this.#turnMs = turnMs
    this.#isOneWaiting = isOneWaiting
    void this.#look()
  }

  /** The job stops at its next boundary. */
  get isOver(): boolean {
    return this.#isOver
  }

  /** Something was done that the next turn need not do again. */
  progressed(): void {
    this.#resumedMs ??= performance.now() - this.#startedAt
  }

  /** To be called once: the job has ended, or its turn. */
  end(): void {
    this.#ended.abort()
  }

  async #look(): Promise<void> {
    const { signal } = this.#ended
    for (let waitMs = this.#turnMs; ; waitMs = this.#turnMs * LOOK_PART) {
      await setTimeout(waitMs, undefined, { signal }).catch(() => {})
      if (signal.aborted) return
      if (!(await this.#isOneWaiting().catch(() => false))) continue
      const elapsedMs = performance.now() - this.#startedAt
      if (this.#resumedMs !== undefined) {
        this.#isOver ||= elapsedMs >= Math.min(this.#resumedMs / RESUMING_PART, TURNS_MAX * this.#turnMs)
      }
      if (elapsedMs >= 2 * this.#turnMs) this.#overdue.resolve()
    }
  }
}
