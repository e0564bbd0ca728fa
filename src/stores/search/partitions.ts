/**
 * The spaces of the search index, read: which there are for what, the bounds of their leaves in memory, the entries of leaves.
 *
 * Bounds are kept from transaction to transaction and brought up to date at the begin of each by the number of the last change they
 * have seen, so they are always those of the transaction's own state of the catalog, whichever process wrote it.
 */
import { TEXT_ATTRIBUTES, type TextAttribute } from '../../imaging/search/search.ts'
import { allOfMany, one, type Sql } from '../sql/engine/statement.ts'
import { decodeEntries, type Entries } from './kd-tree/entries.ts'
import { decodeBounds, LeafBounds } from './kd-tree/leaf-bounds.ts'
import type { IndexSizes } from './kd-tree/sizes.ts'

export interface Text {
  readonly attribute: TextAttribute
  readonly equals: string
}

/** The primary image sets of a data store, or the others; of those the ones that have a text, or two texts. */
export interface PartitionKey {
  readonly isPrimary: boolean
  readonly texts: readonly Text[]
  /** The names of the texts' attributes with a plus between. */
  readonly attribute: string
  /** The text itself; two as a JSON array. */
  readonly value: string
}

/** `rebuilding` beside the live one of the same key until it can take its place; `retired` until its leaves are gone. */
export type PartitionState = 'live' | 'rebuilding' | 'retired'

export interface Partition extends PartitionKey {
  readonly partition: number
}

/** @param texts of different attributes, in whichever order. */
export function partitionKey(texts: readonly Text[], isPrimary: boolean): PartitionKey {
  const inOrder = texts.toSorted((a, b) => TEXT_ATTRIBUTES.indexOf(a.attribute) - TEXT_ATTRIBUTES.indexOf(b.attribute))
  const values = inOrder.map(({ equals }) => equals)
  return {
    isPrimary,
    texts: inOrder,
    attribute: inOrder.map(({ attribute }) => attribute).join('+'),
    value: values.length > 1 ? JSON.stringify(values) : (values[0] ?? ''),
  }
}

export const bothKeys = (texts: readonly Text[]): readonly PartitionKey[] =>
  [true, false].map((each) => partitionKey(texts, each))

export function pairsOf(texts: readonly Text[]): readonly (readonly Text[])[] {
  return texts.flatMap((one, at) => texts.slice(at + 1).map((other) => [one, other]))
}

/** What a key is in a table of keys. */
export const nameOf = (key: Pick<PartitionKey, 'isPrimary' | 'attribute' | 'value'>): string =>
  `${key.isPrimary ? 'primary' : 'others'} ${key.attribute} ${key.value}`

/** What texts are in a table of texts. */
export const nameOfTexts = (texts: readonly Text[]): string => nameOf(partitionKey(texts, true))

export interface PartitionRow {
  readonly partition: number
  readonly is_primary: number
  readonly attribute: string
  readonly value: string
}

export const PARTITION_COLUMNS = 'partition, is_primary, attribute, value'

/** The space that a row of search_partitions is of. */
export function partitionOfRow({ partition, is_primary, attribute, value }: PartitionRow): Partition {
  const attributes = attribute === '' ? [] : (attribute.split('+') as TextAttribute[])
  const values: readonly string[] = attributes.length === 2 ? JSON.parse(value) : [value]
  const texts = attributes.map((each, at) => ({ attribute: each, equals: values[at]! }))
  return { partition, isPrimary: is_primary === 1, texts, attribute, value }
}

/** Those of the spaces that there are in the state, by nameOf. */
export function* partitionsFor(
  datastore: number,
  keys: readonly PartitionKey[],
  state: PartitionState = 'live',
): Sql<ReadonlyMap<string, Partition>> {
  const names = new Set(keys.map(nameOf))
  const rows = yield* allOfMany<PartitionRow>(
    (marks) =>
      `SELECT ${PARTITION_COLUMNS} FROM search_partitions WHERE datastore = ? AND state = ? AND value IN (${marks})`,
    [datastore, state],
    keys.map(({ value }) => value),
  )
  const partitions = rows.map((row): [string, Partition] => {
    const partition = partitionOfRow(row)
    return [nameOf(partition), partition]
  })
  return new Map(partitions.filter(([name]) => names.has(name)))
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
  /** By leaf. A leaf whose bounds are read again has changed, and is not in here until it is read again too. */
  readonly #entries = new Map<number, Entries>()
  #entryBytes = 0
  readonly #sizes: IndexSizes

  constructor(sizes: IndexSizes) {
    this.#sizes = sizes
  }

  /**
   * In the order of the spaces.
   * @param upTo the last change that the transaction found when it began, its own earlier ones among them.
   */
  *of(partitions: readonly number[], upTo: number): Sql<readonly LeafBounds[]> {
    const found = partitions.map((partition) => ({
      partition,
      kept: this.#kept.get(partition) ?? { bounds: new LeafBounds(), seen: -1 },
    }))
    const behind = found.filter(({ kept }) => kept.seen !== upTo)
    for (const [seen, some] of Map.groupBy(behind, ({ kept }) => kept.seen)) {
      const keptOf = new Map(some.map(({ partition, kept }) => [partition, kept]))
      const rows = yield* allOfMany<LeafRow & { readonly partition: number }>(
        (marks) =>
          `SELECT partition, leaf, entry_count, bounds FROM search_leaves WHERE changed_in > ? AND partition IN (${marks})`,
        [seen],
        [...keptOf.keys()],
      )
      for (const row of rows) {
        keptOf.get(row.partition)!.bounds.set(row.leaf, row.entry_count, decodeBounds(row.bounds))
        this.#removeEntries(row.leaf)
      }
      for (const kept of keptOf.values()) kept.seen = upTo
    }
    for (const { partition, kept } of found) {
      // The last in the map was used last.
      this.#kept.delete(partition)
      this.#kept.set(partition, kept)
    }
    this.#evictOldest(partitions.length)
    return found.map(({ kept }) => kept.bounds)
  }

  /** Some changes may have been undone: the leaves they wrote are read again, and all that was written after `confirmed`. */
  *readAgain(written: Iterable<number>, confirmed: number): Sql<void> {
    for (const kept of this.#kept.values()) kept.seen = Math.min(kept.seen, confirmed)
    for (const leaf of written) {
      const row = yield* one<LeafRow & { readonly partition: number }>(
        'SELECT partition, leaf, entry_count, bounds FROM search_leaves WHERE leaf = ?',
        leaf,
      )
      for (const [partition, { bounds }] of this.#kept) {
        if (row?.partition === partition) bounds.set(leaf, row.entry_count, decodeBounds(row.bounds))
        else bounds.unset(leaf)
      }
    }
  }

  /** The space is not there any more. */
  forget(partition: number): void {
    this.#kept.delete(partition)
  }

  /** Of leaves of a space that `of` has just answered, in their order. */
  *entriesOf(leaves: readonly number[]): Sql<readonly Entries[]> {
    const bytes = yield* entryBytesOf(leaves.filter((leaf) => !this.#entries.has(leaf)))
    const found = leaves.map((leaf) => this.#entries.get(leaf) ?? decodeEntries(bytes.get(leaf)!))
    for (const [at, leaf] of leaves.entries()) if (bytes.has(leaf)) this.#keepEntries(leaf, found[at]!)
    return found
  }

  #keepEntries(leaf: number, entries: Entries): void {
    this.#entries.set(leaf, entries)
    this.#entryBytes += sizeOf(entries)
    // In the order in which they were read. Which ones go matters little: one that is missed is read in some microseconds.
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
    for (const { bounds } of this.#kept.values()) leaves += bounds.count
    for (const [partition, { bounds }] of this.#kept) {
      if (leaves <= this.#sizes.leavesInMemory || this.#kept.size <= inUse) return
      leaves -= bounds.count
      this.#kept.delete(partition)
    }
  }
}

/** The bytes that the columns look into. */
const sizeOf = ({ changedIn }: Entries): number => changedIn.buffer.byteLength

/** The entries of leaves, by leaf. */
export function* entryBytesOf(leaves: readonly number[]): Sql<ReadonlyMap<number, Uint8Array>> {
  const rows = yield* allOfMany<{ leaf: number; entries: Uint8Array }>(
    (marks) => `SELECT leaf, entries FROM search_entries WHERE leaf IN (${marks})`,
    [],
    leaves,
  )
  return new Map(rows.map(({ leaf, entries }) => [leaf, entries]))
}
