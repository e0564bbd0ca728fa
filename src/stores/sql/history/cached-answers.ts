/**
 * The answers given last, such as pages of searches. Viewers ask for the same worklist again and again, and its page stays the same until an
 * image set changes: while the number of the last change, read in each search's own transaction, is the same.
 */

/** Enough for the worklists of one site. Other searches find leaves and summaries in their caches. */
const ANSWERS_MAX = 32

interface Kept<Answer> {
  readonly datastoreId: string
  /** The last one that the transaction saw. */
  readonly change: number
  readonly answer: Answer
}

export class CachedAnswers<Answer> {
  readonly #answers = new Map<string, Kept<Answer>>()

  /** @param change the last one that the transaction sees. */
  get(name: string, change: number): Answer | undefined {
    const cached = this.#answers.get(name)
    if (cached?.change !== change) return undefined
    // The last in the map was used last.
    this.#answers.delete(name)
    this.#answers.set(name, cached)
    return cached.answer
  }

  keep(name: string, kept: Kept<Answer>): void {
    this.#answers.delete(name)
    this.#answers.set(name, kept)
    const [oldest] = this.#answers.keys()
    if (this.#answers.size > ANSWERS_MAX) this.#answers.delete(oldest!)
  }

  forget(datastoreId: string): void {
    for (const [name, kept] of this.#answers) if (kept.datastoreId === datastoreId) this.#answers.delete(name)
  }
}
