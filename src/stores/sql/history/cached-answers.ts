/**
 * The answers given last, such as pages of searches. Viewers ask for the same worklist again and again, and its page stays the same until an
 * image set changes: while the number of the last change, which each search reads, is the same.
 */
import type { IndexSizes } from '../../search/kd-tree/sizes.ts'

type Sizes = Pick<IndexSizes, 'answersInMemory' | 'answerRowsInMemory'>

interface Kept<Answer> {
  readonly datastoreId: string
  /** The last one that the search saw. */
  readonly change: number
  readonly answer: Answer
}

export class CachedAnswers<Answer> {
  readonly #answers = new Map<string, Kept<Answer>>()
  readonly #sizes: Sizes
  readonly #rowsOf: (answer: Answer) => number
  #rows = 0

  /** @param rowsOf how many rows an answer holds */
  constructor(sizes: Sizes, rowsOf: (answer: Answer) => number = () => 0) {
    this.#sizes = sizes
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
    const { answersInMemory, answerRowsInMemory } = this.#sizes
    for (const oldest of this.#answers.keys()) {
      if (this.#answers.size <= answersInMemory && this.#rows <= answerRowsInMemory) break
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
