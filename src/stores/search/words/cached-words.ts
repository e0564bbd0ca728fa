/**
 * What searches by words keep in memory: what the postings gave, and the words of the tail. Both have the number of the change that they were
 * read with, so they are right in every snapshot with that number, and concurrent searches share them.
 */
import { describedOf } from '../../../imaging/search/described.ts'
import { spellingsOf } from '../../../imaging/search/terms.ts'
import { allOfMany, type Sql } from '../../sql/engine/statement.ts'
import { SEARCH_COLUMNS, type SearchRow, type Texts, textsOfRow } from '../../sql/rows/search-columns.ts'
import type { IndexSizes } from '../kd-tree/sizes.ts'
import type { Dictionary } from './dictionary.ts'
import type { RowSet } from './row-set.ts'
import { tailOf } from './tail.ts'

/** An image set of the tail, with what a search compares. */
interface TailImageSet {
  readonly rowId: number
  readonly texts: Texts
  readonly spellings: (attribute: Parameters<typeof spellingsOf>[0]) => ReadonlySet<string>
}

interface CachedTail {
  readonly datastoreId: string
  /** The dictionary has them until this changes, and more that were added. */
  readonly changedIn: number
  /** In the order of the changes that added them. */
  readonly imageSets: readonly (TailImageSet & { readonly addedIn: number })[]
}

/** What postings gave, and what was read for it. */
export interface SealedHits {
  readonly rows: RowSet
  readonly tokens: number
  readonly postings: number
}

interface CachedHits extends SealedHits {
  readonly datastoreId: string
}

export class CachedWords {
  /** By dictionary. The last in a map was used last. */
  readonly #tails = new Map<number, CachedTail>()
  /** By dictionary, change and search. */
  readonly #hits = new Map<string, CachedHits>()
  #hitBytes = 0
  readonly #sizes: Pick<IndexSizes, 'tailsInMemory' | 'hitBytesInMemory'>

  constructor(sizes: Pick<IndexSizes, 'tailsInMemory' | 'hitBytesInMemory'>) {
    this.#sizes = sizes
  }

  /** The tail as it was after the change `latest`. */
  *tail(
    { dictionary, changedIn }: Dictionary,
    { datastoreId, latest }: { readonly datastoreId: string; readonly latest: number },
  ): Sql<readonly TailImageSet[]> {
    const cached = this.#tails.get(dictionary)
    const known = cached?.changedIn === changedIn ? cached.imageSets : []
    const last = known.at(-1)?.addedIn ?? -1
    // Another search may have seen a later change.
    if (last > latest) return known.filter(({ addedIn }) => addedIn <= latest)
    const added = new Map((yield* tailOf(dictionary, last)).map(({ row_id, added_in }) => [row_id, added_in]))
    const rows = yield* rowsOf([...added.keys()])
    const more = rows.map((row) => ({ ...tailImageSet(row), addedIn: added.get(row.row_id)! }))
    const imageSets = [...known, ...more.sort((a, b) => a.addedIn - b.addedIn)]
    // No yield below: other searches share the cache.
    this.#tails.delete(dictionary)
    this.#tails.set(dictionary, { datastoreId, changedIn, imageSets })
    const [oldest] = this.#tails.keys()
    if (this.#tails.size > this.#sizes.tailsInMemory) this.#tails.delete(oldest!)
    return imageSets
  }

  hits(name: string): SealedHits | undefined {
    const found = this.#hits.get(name)
    if (found === undefined) return undefined
    this.#hits.delete(name)
    this.#hits.set(name, found)
    return found
  }

  keepHits(name: string, hits: CachedHits): void {
    this.#removeHits(name)
    this.#hits.set(name, hits)
    this.#hitBytes += bytesOf(name, hits)
    for (const oldest of this.#hits.keys()) {
      if (this.#hitBytes <= this.#sizes.hitBytesInMemory) break
      this.#removeHits(oldest)
    }
  }

  forget(datastoreId: string): void {
    for (const [dictionary, tail] of this.#tails) {
      if (tail.datastoreId === datastoreId) this.#tails.delete(dictionary)
    }
    for (const [name, hits] of this.#hits) if (hits.datastoreId === datastoreId) this.#removeHits(name)
  }

  #removeHits(name: string): void {
    const hits = this.#hits.get(name)
    if (hits === undefined) return
    this.#hits.delete(name)
    this.#hitBytes -= bytesOf(name, hits)
  }
}

/** An estimate: the offsets, an object for each chunk, and the name. */
const bytesOf = (name: string, { rows }: SealedHits): number => rows.bytes + 200 * rows.chunks.size + 2 * name.length

type TailRow = SearchRow & { readonly row_id: number; readonly tags: string; readonly unlisted_texts: string | null }

const rowsOf = (rowIds: readonly number[]): Sql<readonly TailRow[]> =>
  allOfMany<TailRow>(
    (marks) => `SELECT row_id, tags, unlisted_texts, ${SEARCH_COLUMNS} FROM image_sets WHERE row_id IN (${marks})`,
    [],
    rowIds,
  )

/** The spellings of an attribute are made when they are first compared. */
function tailImageSet(row: TailRow): TailImageSet {
  const described = describedOf(row.tags, row.unlisted_texts)
  const spelled = new Map<string, ReadonlySet<string>>()
  return {
    rowId: row.row_id,
    texts: textsOfRow(row),
    spellings(attribute) {
      let spellings = spelled.get(attribute)
      if (spellings === undefined) {
        spellings = spellingsOf(attribute, described[attribute])
        spelled.set(attribute, spellings)
      }
      return spellings
    },
  }
}
