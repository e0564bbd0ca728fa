/**
 * The spaces of the search index, read: which there are for what, the bounds of their leaves in memory, the entries of one leaf.
 *
 * Bounds are kept from transaction to transaction and brought up to date at the begin of each by the number of the last change they
 * have seen, so they are always those of the transaction's own state of the catalog, whichever process wrote it.
 */
import type { TextAttribute } from '../../imaging/search.ts'
import { decodeBounds, LeafBounds } from '../search-index/leaf-bounds.ts'
import type { IndexSizes } from '../search-index/sizes.ts'
import { all, one, type Sql } from './statement.ts'

/** The image sets that have one text, or are primary ('1'), or are not ('0'). */
export interface SpaceKey {
  readonly attribute: TextAttribute | 'isPrimary'
  readonly value: string
}

export interface Space extends SpaceKey {
  readonly space: number
}

export const PRIMARY: SpaceKey = { attribute: 'isPrimary', value: '1' }
export const NOT_PRIMARY: SpaceKey = { attribute: 'isPrimary', value: '0' }

const KEYS_MAX = 6

/** Those of the spaces that there are. */
export function* spacesFor(datastore: number, keys: readonly SpaceKey[]): Sql<readonly Space[]> {
  const values = Array.from({ length: KEYS_MAX }, (_, at) => (keys[at] ?? keys[0])?.value ?? '')
  const found = yield* all<Space>(
    `SELECT space, attribute, value FROM search_spaces WHERE datastore = ? AND value IN (${values.map(() => '?').join(', ')})`,
    datastore,
    ...values,
  )
  return found.filter((space) => keys.some((key) => key.attribute === space.attribute && key.value === space.value))
}

interface Kept {
  readonly bounds: LeafBounds
  /** All changes up to this number are in `bounds`. */
  seen: number
}

interface LeafRow {
  readonly leaf: number
  readonly entry_count: number
  readonly bounds: Uint8Array
}

/** The bounds of the spaces used last. Each connection has its own, since each may see another state. */
export class BoundsInMemory {
  readonly #kept = new Map<number, Kept>()
  readonly #sizes: IndexSizes

  constructor(sizes: IndexSizes) {
    this.#sizes = sizes
  }

  /**
   * @param state.upTo the last change that the transaction found when it began.
   * @param state.own whether the transaction makes a change itself: what it has written so far is read each time.
   */
  *of(space: number, state: { readonly upTo: number; readonly own: boolean }): Sql<LeafBounds> {
    const kept = this.#kept.get(space) ?? { bounds: new LeafBounds(), seen: -1 }
    if (kept.seen !== state.upTo || state.own) {
      const rows = yield* all<LeafRow>(
        'SELECT leaf, entry_count, bounds FROM search_leaves WHERE space = ? AND changed_in > ?',
        ...[space, kept.seen],
      )
      for (const row of rows) kept.bounds.set(row.leaf, row.entry_count, decodeBounds(row.bounds))
      kept.seen = state.upTo
    }
    // The last in the map was used last.
    this.#kept.delete(space)
    this.#kept.set(space, kept)
    this.#forgetOldest()
    return kept.bounds
  }

  /** Some changes may have been undone: the leaves they wrote are read again, and all that was written after `confirmed`. */
  *readAgain(written: Iterable<number>, confirmed: number): Sql<void> {
    for (const kept of this.#kept.values()) kept.seen = Math.min(kept.seen, confirmed)
    for (const leaf of written) {
      const row = yield* one<LeafRow & { readonly space: number }>(
        'SELECT space, leaf, entry_count, bounds FROM search_leaves WHERE leaf = ?',
        leaf,
      )
      for (const [space, { bounds }] of this.#kept) {
        if (row?.space === space) bounds.set(leaf, row.entry_count, decodeBounds(row.bounds))
        else bounds.unset(leaf)
      }
    }
  }

  #forgetOldest(): void {
    let leaves = 0
    for (const { bounds } of this.#kept.values()) leaves += bounds.count
    for (const [space, { bounds }] of this.#kept) {
      // A search looks at two spaces at once.
      if (leaves <= this.#sizes.leavesInMemory || this.#kept.size <= 2) return
      leaves -= bounds.count
      this.#kept.delete(space)
    }
  }
}

export function* entryBytes(leaf: number): Sql<Uint8Array> {
  const row = yield* one<{ entries: Uint8Array }>('SELECT entries FROM search_entries WHERE leaf = ?', leaf)
  return row!.entries
}
