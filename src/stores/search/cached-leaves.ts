/**
 * Bounds and entries of leaves in memory. Bounds are brought up to date at the start of each transaction: leaves that a later change wrote
 * than the last one seen are read again. So they are always those of the transaction's own snapshot, whichever process wrote it.
 */
import { allOfMany, one, type Sql } from '../sql/engine/statement.ts'
import { LEAVES_PER_GROUP } from './kd-tree/bounds-layout.ts'
import { decodeEntries, type Entries, ROW_ID } from './kd-tree/entries.ts'
import { decodeBounds, LeafBounds, type MissingGroup } from './kd-tree/leaf-bounds.ts'
import type { IndexSizes } from './kd-tree/sizes.ts'
import { RowLeaves } from './words/row-leaves.ts'

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

interface CachedRowLeaves {
  readonly datastore: string
  readonly rowLeaves: RowLeaves
  seen: number
}

const LEAVES_PER_STATEMENT = 128
/** Of so many leaves, for each whose bounds are kept, the number and the count of entries are: 16 bytes each, where bounds take 128. */
const LEAVES_KNOWN = 16

/** One for each connection, since each may see another snapshot. */
export class CachedLeaves {
  readonly #bounds = new Map<number, CachedBounds>()
  /** By leaf. When the bounds of a leaf are read again, its entries have changed too and are dropped. */
  readonly #entries = new Map<number, Entries>()
  #entryBytes = 0
  /** By the numbers of the partitions. */
  readonly #rowLeaves = new Map<string, CachedRowLeaves>()
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
      cached: this.#bounds.get(partition) ?? { datastore, bounds: new LeafBounds(partition), seen: -1 },
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
      for (const row of rows.toSorted((a, b) => a.leaf - b.leaf)) {
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

  /** Which leaf of the partitions holds each image set. An image set is in one of them. @param upTo as of boundsOf */
  *rowLeavesOf(partitions: readonly number[], upTo: number, datastore: string): Sql<RowLeaves> {
    const name = partitions.join(' ')
    const cached = this.#rowLeaves.get(name) ?? { datastore, rowLeaves: new RowLeaves(), seen: -1 }
    if (cached.seen !== upTo) {
      const changed = yield* allOfMany<{ leaf: number }>(
        (marks) => `SELECT leaf FROM search_leaves WHERE changed_in > ? AND partition IN (${marks})`,
        [cached.seen],
        partitions,
      )
      for (let start = 0; start < changed.length; start += LEAVES_PER_STATEMENT) {
        const some = changed.slice(start, start + LEAVES_PER_STATEMENT).map(({ leaf }) => leaf)
        for (const [leaf, rowIds] of yield* rowIdsOf(some)) cached.rowLeaves.set(leaf, rowIds)
      }
      cached.seen = upTo
    }
    // The last in the map was used last.
    this.#rowLeaves.delete(name)
    this.#rowLeaves.set(name, cached)
    let bytes = [...this.#rowLeaves.values()].reduce((sum, each) => sum + each.rowLeaves.bytes, 0)
    for (const [other, { rowLeaves }] of this.#rowLeaves) {
      if (bytes <= this.#sizes.rowLeafBytesInMemory || other === name) break
      bytes -= rowLeaves.bytes
      this.#rowLeaves.delete(other)
    }
    return cached.rowLeaves
  }

  /**
   * After a rollback: reads the leaves that undone changes may have written, and everything written after `confirmed`. A partition with a leaf
   * that is not there any more is forgotten: its number is given again, also behind numbers that the partition has, and leaves are kept in the order of
   * their numbers. A leaf that a partition does not know is left to `boundsOf`.
   */
  *readAgain(written: Iterable<number>, confirmed: number): Sql<void> {
    for (const cached of this.#bounds.values()) cached.seen = Math.min(cached.seen, confirmed)
    for (const leaf of written) {
      const row = yield* one<LeafRow & { readonly partition: number }>(
        'SELECT partition, leaf, entry_count, bounds FROM search_leaves WHERE leaf = ?',
        leaf,
      )
      for (const [partition, { bounds }] of this.#bounds) {
        if (!bounds.has(leaf)) continue
        if (row?.partition === partition) bounds.set(leaf, row.entry_count, decodeBounds(row.bounds))
        else this.drop(partition)
      }
    }
  }

  /** For a partition that was retired, or whose leaves are not known any more. */
  drop(partition: number): void {
    this.#bounds.delete(partition)
  }

  forget(datastoreId: string): void {
    for (const [partition, { datastore, bounds }] of this.#bounds) {
      if (datastore !== datastoreId) continue
      for (const leaf of bounds.leaves) this.#removeEntries(leaf)
      this.#bounds.delete(partition)
    }
    for (const [name, { datastore }] of this.#rowLeaves) if (datastore === datastoreId) this.#rowLeaves.delete(name)
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

  /** The bounds of the leaves of a group, in the transaction that `boundsOf` has brought its partition up to date in. */
  *load({ bounds, group }: MissingGroup): Sql<void> {
    const rows = yield* allOfMany<LeafRow>(
      // After a rollback, the number of a leaf may be given to one of another partition.
      (marks) => `SELECT leaf, entry_count, bounds FROM search_leaves WHERE partition = ? AND leaf IN (${marks})`,
      [bounds.partition],
      bounds.leavesOf(group),
    )
    this.#makeRoom(LEAVES_PER_GROUP)
    bounds.load(group, new Map(rows.map((row) => [row.leaf, decodeBounds(row.bounds)])))
  }

  /** Drops groups of leaves that were not looked at of late, of the partitions used longest ago first. */
  #makeRoom(leaves: number): void {
    let most = leaves - this.#sizes.leavesInMemory
    for (const { bounds } of this.#bounds.values()) most += bounds.loaded
    // In the second round also those that were looked at since they were last passed over.
    for (let round = 0; round < 2; round++) {
      for (const { bounds } of this.#bounds.values()) {
        if (most <= 0) return
        most -= bounds.drop(most)
      }
    }
  }

  /** What partitions keep of groups whose leaves are dropped is limited too. */
  #evictOldest(inUse: number): void {
    let [leaves, loaded] = [0, 0]
    for (const { bounds } of this.#bounds.values()) {
      leaves += bounds.count
      loaded += bounds.loaded
    }
    if (loaded > this.#sizes.leavesInMemory) {
      for (const { bounds } of this.#bounds.values()) bounds.arrange()
      this.#makeRoom(0)
    }
    for (const [partition, { bounds }] of this.#bounds) {
      if (leaves <= this.#sizes.leavesInMemory * LEAVES_KNOWN || this.#bounds.size <= inUse) return
      leaves -= bounds.count
      this.#bounds.delete(partition)
    }
  }
}

const sizeOf = ({ changedIn }: Entries): number => changedIn.buffer.byteLength

/** The row ids in leaves, by leaf: one column of their entries. */
function* rowIdsOf(leaves: readonly number[]): Sql<readonly (readonly [leaf: number, rowIds: Float64Array])[]> {
  const rows = yield* allOfMany<{ leaf: number; row_ids: Uint8Array }>(
    (marks) =>
      `SELECT leaf, substr(entries, CAST(1 + ${ROW_ID * 8} * entry_count AS INTEGER), CAST(8 * entry_count AS INTEGER)) AS row_ids
       FROM search_leaves JOIN search_entries USING (leaf) WHERE leaf IN (${marks})`,
    [],
    leaves,
  )
  return rows.map(({ leaf, row_ids }) => [leaf, new Float64Array(new Uint8Array(row_ids).buffer)])
}

/** The encoded entries of leaves, by leaf. */
export function* entryBytesOf(leaves: readonly number[]): Sql<ReadonlyMap<number, Uint8Array>> {
  const rows = yield* allOfMany<{ leaf: number; entries: Uint8Array }>(
    (marks) => `SELECT leaf, entries FROM search_entries WHERE leaf IN (${marks})`,
    [],
    leaves,
  )
  return new Map(rows.map(({ leaf, entries }) => [leaf, entries]))
}
