/**
 * The pages that were found last. A worklist is asked for again and again by all who look at it, and its page is the same until
 * some image set changes: which none has where the number of the last change, read in each search's own transaction, is the same.
 */
import type { SearchPage } from '../catalog/search-repository.ts'

export type FoundPage = Pick<SearchPage, 'rows' | 'total' | 'visited'>

/** For the worklists of a house, not for the searches of a day: those are found anew, in memory where it has what they need. */
const PAGES_KEPT = 32

export class PagesInMemory {
  readonly #kept = new Map<string, { readonly page: FoundPage; readonly change: number }>()

  /** @param change the last one that the transaction sees. */
  get(name: string, change: number): FoundPage | undefined {
    const kept = this.#kept.get(name)
    if (kept?.change !== change) return undefined
    // The last in the map was used last.
    this.#kept.delete(name)
    this.#kept.set(name, kept)
    return kept.page
  }

  keep(name: string, change: number, page: FoundPage): void {
    this.#kept.delete(name)
    this.#kept.set(name, { page, change })
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > PAGES_KEPT) this.#kept.delete(oldest!)
  }
}
