/**
 * Bounds and entries of leaves in memory. Bounds are brought up to date at the start of each transaction: leaves that a later change wrote
 * than the last one seen are read again. So they are always those of the transaction's own snapshot, whichever process wrote it.
 */
import { allOfMany, one, type Sql } from '../sql/engine/statement.ts'
import { decodeEntries, type Entries } from './kd-tree/entries.ts'
import { decodeBounds, LeafBounds } from './kd-tree/leaf-bounds.ts'
import type { IndexSizes } from './kd-tree/sizes.ts'

interface CachedBounds {
  readonly datastore: string | undefined
  readonly bounds: LeafBounds
  /** `bounds` include all changes up to this number. */
  seen: number
}

interface LeafRow {
  readonly leaf: number
  readonly entry_count: number
  readonly bounds: Uint8Array
}

/** One for each connection, since each may see another snapshot. */
export class CachedLeaves {
  readonly #bounds = new Map<number, CachedBounds>()
  /** By leaf. When the bounds of a leaf are read again, its entries have changed too and are dropped. */
  readonly #entries = new Map<number, Entries>()
  #entryBytes = 0
  readonly #sizes: IndexSizes

  constructor(sizes: IndexSizes) {
    this.#sizes = sizes
  }

  /**
   * The bounds of partitions, in their order.
   * @param upTo the last change when the transaction began, its own earlier ones included.
   * @param datastore of the partitions, to forget them
   */
  *boundsOf(partitions: readonly number[], upTo: number, datastore?: string): Sql<readonly LeafBounds[]> {
    const found = partitions.map((partition) => ({
      partition,
      cached: this.#bounds.get(partition) ?? { datastore, bounds: new LeafBounds(), seen: -1 },
    }))
    const behind = found.filter(({ cached }) => cached.seen !== upTo)
    for (const [seen, some] of Map.groupBy(behind, ({ cached }) => cached.seen)) {
      const cachedOf = new Map(some.map(({ partition, cached }) => [partition, cached]))
      const rows = yield* allOfMany<LeafRow & { readonly partition: number }>(
        (marks) =>
          `SELECT partition, leaf, entry_count, bounds FROM search_leaves WHERE changed_in > ? AND partition IN (${marks})`,
        [seen],
        [...cachedOf.keys()],
      )
      for (const row of rows) {
        cachedOf.get(row.partition)!.bounds.set(row.leaf, row.entry_count, decodeBounds(row.bounds))
        this.#removeEntries(row.leaf)
      }
      for (const cached of cachedOf.values()) cached.seen = upTo
    }
    for (const { partition, cached } of found) {
      // The last in the map was used last.
      this.#bounds.delete(partition)
      this.#bounds.set(partition, cached)
    }
    this.#evictOldest(partitions.length)
    return found.map(({ cached }) => cached.bounds)
  }

  /** After a rollback: reads the leaves that undone changes may have written, and everything written after `confirmed`. */
  *readAgain(written: Iterable<number>, confirmed: number): Sql<void> {
    for (const cached of this.#bounds.values()) cached.seen = Math.min(cached.seen, confirmed)
    for (const leaf of written) {
      const row = yield* one<LeafRow & { readonly partition: number }>(
        'SELECT partition, leaf, entry_count, bounds FROM search_leaves WHERE leaf = ?',
        leaf,
      )
      for (const [partition, { bounds }] of this.#bounds) {
        if (row?.partition === partition) bounds.set(leaf, row.entry_count, decodeBounds(row.bounds))
        else bounds.unset(leaf)
      }
    }
  }

  /** For a partition that was retired. */
  drop(partition: number): void {
    this.#bounds.delete(partition)
  }

  forget(datastoreId: string): void {
    for (const [partition, { datastore, bounds }] of this.#bounds) {
      if (datastore !== datastoreId) continue
      for (const leaf of bounds.leaves) this.#removeEntries(leaf)
      this.#bounds.delete(partition)
    }
  }

  /** The entries of leaves, in their order, after `boundsOf` has returned their partition in the same transaction. */
  *entriesOf(leaves: readonly number[]): Sql<readonly Entries[]> {
    const bytes = yield* entryBytesOf(leaves.filter((leaf) => !this.#entries.has(leaf)))
    const found = leaves.map((leaf) => this.#entries.get(leaf) ?? decodeEntries(bytes.get(leaf)!))
    for (const [at, leaf] of leaves.entries()) if (bytes.has(leaf)) this.#keepEntries(leaf, found[at]!)
    return found
  }

  #keepEntries(leaf: number, entries: Entries): void {
    this.#entries.set(leaf, entries)
    this.#entryBytes += sizeOf(entries)
    // First in, first out: a miss costs a few microseconds, so a better policy would not pay.
    for (const oldest of this.#entries.keys()) {
      if (this.#entryBytes <= this.#sizes.entryBytesInMemory) break
      this.#removeEntries(oldest)
    }
  }

  #removeEntries(leaf: number): void {
    const entries = this.#entries.get(leaf)
    if (entries === undefined) return
    this.#entries.delete(leaf)
    this.#entryBytes -= sizeOf(entries)
  }

  #evictOldest(inUse: number): void {
    let leaves = 0
    for (const { bounds } of this.#bounds.values()) leaves += bounds.count
    for (const [partition, { bounds }] of this.#bounds) {
      if (leaves <= this.#sizes.leavesInMemory || this.#bounds.size <= inUse) return
      leaves -= bounds.count
      this.#bounds.delete(partition)
    }
  }
}

const sizeOf = ({ changedIn }: Entries): number => changedIn.buffer.byteLength

/** The encoded entries of leaves, by leaf. */
export function* entryBytesOf(leaves: readonly number[]): Sql<ReadonlyMap<number, Uint8Array>> {
  const rows = yield* allOfMany<{ leaf: number; entries: Uint8Array }>(
    (marks) => `SELECT leaf, entries FROM search_entries WHERE leaf IN (${marks})`,
    [],
    leaves,
  )
  return new Map(rows.map(({ leaf, entries }) => [leaf, entries]))
}
