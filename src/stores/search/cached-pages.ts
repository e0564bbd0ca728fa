/**
 * The pages returned last. Viewers ask for the same worklist again and again, and its page stays the same until an image set changes:
 * while the number of the last change, read in each search's own transaction, is the same.
 */
import type { SearchPage } from '../catalog/search-repository.ts'

export type FoundPage = Pick<SearchPage, 'rows' | 'total' | 'visited'>

/** Enough for the worklists of one site. Other searches find leaves and summaries in their caches. */
const PAGES_MAX = 32

interface Kept {
  readonly datastoreId: string
  /** The last one that the transaction saw. */
  readonly change: number
  readonly page: FoundPage
}

export class CachedPages {
  readonly #pages = new Map<string, Kept>()

  /** @param change the last one that the transaction sees. */
  get(name: string, change: number): FoundPage | undefined {
    const cached = this.#pages.get(name)
    if (cached?.change !== change) return undefined
    // The last in the map was used last.
    this.#pages.delete(name)
    this.#pages.set(name, cached)
    return cached.page
  }

  keep(name: string, page: Kept): void {
    this.#pages.delete(name)
    this.#pages.set(name, page)
    const [oldest] = this.#pages.keys()
    if (this.#pages.size > PAGES_MAX) this.#pages.delete(oldest!)
  }

  forget(datastoreId: string): void {
    for (const [name, kept] of this.#pages) if (kept.datastoreId === datastoreId) this.#pages.delete(name)
  }
}
