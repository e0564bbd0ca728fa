/**
 * The answers given last, such as pages of searches. Viewers ask for the same worklist again and again, and its page stays the same until an
 * image set changes: while the number of the last change, which each search reads, is the same.
 */

/** Enough for the worklists of one site. Other searches find leaves and summaries in their caches. */
const ANSWERS_MAX = 512
/** Of all answers together: a page holds its rows, of about 2 KB each. */
const ROWS_MAX = 4_096

interface Kept<Answer> {
  readonly datastoreId: string
  /** The last one that the search saw. */
  readonly change: number
  readonly answer: Answer
}

export class CachedAnswers<Answer> {
  readonly #answers = new Map<string, Kept<Answer>>()
  readonly #rowsOf: (answer: Answer) => number
  #rows = 0

  /** @param rowsOf how many rows an answer holds */
  constructor(rowsOf: (answer: Answer) => number = () => 0) {
    this.#rowsOf = rowsOf
  }

  /** Whether there is an answer, which may be older than the last change. */
  has(name: string): boolean {
    return this.#answers.has(name)
  }

  /** @param change the last one that the search sees. */
  get(name: string, change: number): Answer | undefined {
    const cached = this.#answers.get(name)
    if (cached?.change !== change) return undefined
    // The last in the map was used last.
    this.#answers.delete(name)
    this.#answers.set(name, cached)
    return cached.answer
  }

  keep(name: string, kept: Kept<Answer>): void {
    this.#drop(name)
    this.#answers.set(name, kept)
    this.#rows += this.#rowsOf(kept.answer)
    for (const oldest of this.#answers.keys()) {
      if (this.#answers.size <= ANSWERS_MAX && this.#rows <= ROWS_MAX) break
      this.#drop(oldest)
    }
  }

  forget(datastoreId: string): void {
    for (const [name, kept] of this.#answers) if (kept.datastoreId === datastoreId) this.#drop(name)
  }

  #drop(name: string): void {
    const kept = this.#answers.get(name)
    if (kept === undefined) return
    this.#answers.delete(name)
    this.#rows -= this.#rowsOf(kept.answer)
  }
}
