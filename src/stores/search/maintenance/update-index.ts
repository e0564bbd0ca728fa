/**
 * Keeps the search index equal to the image sets, in the transaction that changes them. An image set has an entry in the partition of all
 * image sets, in the partition of each of its texts that has one, and in the partition of each pair of its texts that has one; always in
 * the one of the primary image sets or in the one of the others.
 */

import { isUid } from '../../../contract/search-attributes.ts'
import type { Dialect } from '../../sql/engine/differences.ts'
import { all, one, run, type Sql } from '../../sql/engine/statement.ts'
import { knownChanges, nextChange, recordIndexFormat } from '../../sql/history/changes.ts'
import { imageSetsWith, mostSelectiveFirst, type Text } from '../../sql/rows/search-columns.ts'
import { CachedLeaves } from '../cached-leaves.ts'
import { assertIndexFormat } from '../index-format.ts'
import { INDEXED_COLUMNS, type Indexed, type IndexedRow, indexedOf, indexedWith } from '../indexed-image-set.ts'
import { decodeEntries, type Entries, type Entry, encodeEntries, INDEX_FORMAT, ROW_ID } from '../kd-tree/entries.ts'
import type { IndexSizes } from '../kd-tree/sizes.ts'
import {
  bothKeys,
  largeTexts,
  nameOf,
  nameOfTexts,
  PARTITION_COLUMNS,
  type Partition,
  type PartitionKey,
  type PartitionRow,
  type PartitionState,
  pairsOf,
  partitionKey,
  partitionOfRow,
  partitionsFor,
} from '../partitions.ts'
import { buildAll } from './build.ts'
import { clearRetired, LeafWriter, retirePartition } from './write-leaves.ts'

/** An image set that a change adds, updates or deletes. */
export interface IndexChange {
  readonly before?: Indexed
  readonly after?: Indexed
}

/** Leaves of retired partitions that a change deletes beside its own work. */
const CLEARED_PER_CHANGE = 16

/** Texts whose partitions a change has written, and how many image sets have them, before and after. */
interface Counted {
  readonly texts: readonly Text[]
  readonly before: number
  readonly after: number
}

/** One for each connection that writes. Its methods are part of the caller's transaction. */
export class SearchUpkeep {
  readonly #sizes: IndexSizes
  readonly #dialect: Dialect
  readonly #cached: CachedLeaves
  readonly #leaves: LeafWriter
  /** Unique among all writers. */
  readonly #name: string
  #changes = 0
  /** The last change of this writer, unless it was rolled back, and how far a rebuild had come in it. */
  #last: { number: number; writeToken: string; rebuiltTo: number | undefined } = {
    number: -1,
    writeToken: '',
    rebuiltTo: undefined,
  }
  /** The last change that certainly was committed. */
  #confirmed = -1

  constructor(options: { readonly sizes: IndexSizes; readonly dialect: Dialect; readonly name: string }) {
    this.#sizes = options.sizes
    this.#dialect = options.dialect
    this.#name = options.name
    this.#cached = new CachedLeaves(options.sizes)
    this.#leaves = new LeafWriter(options.sizes.leafEntriesMax)
  }

  /** @returns the number of a new change to image sets. `apply` belongs to the change begun last. */
  *beginChange(): Sql<number> {
    const writeToken = `${this.#name}.${++this.#changes}`
    const { number, previousWriteToken, rebuiltTo, indexFormat } = yield* nextChange(writeToken)
    assertIndexFormat(indexFormat)
    if (this.#last.number !== number - 1 || this.#last.writeToken !== previousWriteToken) {
      // Another writer committed in between, or our transaction was rolled back: the cache may hold leaves that do not exist.
      yield* this.#cached.readAgain(this.#leaves.written, this.#confirmed)
      if (!previousWriteToken.startsWith(`${this.#name}.`)) {
        this.#confirmed = number - 1
        this.#leaves.clearWritten()
      }
    }
    this.#last = { number, writeToken, rebuiltTo }
    return number
  }

  /** The image set of a row, as it is now. */
  *indexed(rowId: number): Sql<Indexed> {
    return indexedOf((yield* one<IndexedRow>(`SELECT ${INDEXED_COLUMNS} FROM image_sets WHERE row_id = ?`, rowId))!)
  }

  /** Once in a change, after all its rows are written. */
  *apply(changes: readonly IndexChange[]): Sql<void> {
    for (const [datastore, some] of Map.groupBy(changes, (change) => (change.after ?? change.before)!.datastore)) {
      const edited = yield* this.#edit(datastore, some, 'live')
      if (this.#last.rebuiltTo !== undefined) yield* this.#editRebuilding(datastore, some, this.#last.rebuiltTo)
      const added = some.flatMap(({ after }) => (after === undefined ? [] : [after]))
      const built = yield* this.#buildMissing(datastore, added, edited)
      yield* this.#buildPairs(datastore, added, [...edited.values(), ...built])
      for (const { texts, after } of edited.values())
        if (after < this.#highFrequencyUntil(texts)) yield* this.#dropPartitions(datastore, texts)
    }
    yield* clearRetired(CLEARED_PER_CHANGE)
  }

  /** When the catalog is opened: builds the index of a new catalog, and rebuilds one of another format. */
  *ensureFormat(): Sql<void> {
    if ((yield* knownChanges()).indexFormat === INDEX_FORMAT) return
    for (const table of ['search_entries', 'search_leaves', 'search_partitions']) yield* run(`DELETE FROM ${table}`)
    yield* run('UPDATE changes SET rebuilt_to = NULL')
    yield* recordIndexFormat(INDEX_FORMAT)
    yield* this.beginChange()
    yield* this.buildAll()
  }

  /** Builds the whole index at once, for a catalog whose index is empty. */
  *buildAll(): Sql<void> {
    yield* buildAll({
      sizes: this.#sizes,
      dialect: this.#dialect,
      addPartition: (datastore, key, entries) => this.#addPartition(datastore, key, entries),
    })
  }

  /**
   * Starts a rebuild beside the live index, or resumes one.
   * @param highFrequency by data store, the texts that get partitions, with the number of their image sets; slightly outdated.
   */
  *beginRebuild(highFrequency: ReadonlyMap<number, ReadonlyMap<Text, number>>): Sql<void> {
    yield* this.beginChange()
    if (this.#last.rebuiltTo !== undefined) return
    for (const [datastore, counts] of highFrequency) {
      const large = [...counts].filter(([, count]) => count > this.#sizes.pairFrom).map(([text]) => text)
      const pairs = pairsOf(large).filter(([one, other]) => one!.attribute !== other!.attribute)
      const live = yield* all<PartitionRow>(
        `SELECT ${PARTITION_COLUMNS} FROM search_partitions WHERE datastore = ? AND state = 'live'`,
        datastore,
      )
      const wanted = [
        [],
        ...[...counts.keys()].map((text) => [text]),
        ...pairs,
        ...live.map((row) => partitionOfRow(row).texts),
      ]
      for (const texts of new Map(wanted.map((each) => [nameOfTexts(each), each])).values()) {
        for (const key of bothKeys(texts)) {
          const of = { datastore, key, state: 'rebuilding' } as const
          yield* this.#leaves.addPartition(of, { entries: decodeEntries(encodeEntries([])), change: this.#last.number })
        }
      }
    }
    yield* run('UPDATE changes SET rebuilt_to = -1')
  }

  /** Adds the next image sets to the partitions being rebuilt. When none are left, these replace the live ones. */
  *rebuildBatch(): Sql<{ readonly rebuiltTo: number } | 'done'> {
    yield* this.beginChange()
    const { rebuiltTo } = this.#last
    if (rebuiltTo === undefined) return 'done'
    const rows = yield* all<IndexedRow>(
      `SELECT ${INDEXED_COLUMNS} FROM image_sets WHERE row_id > ? AND deleted_at IS NULL ORDER BY row_id LIMIT ?`,
      ...[rebuiltTo, this.#sizes.rebuildBatchRows],
    )
    for (const [datastore, some] of Map.groupBy(rows.map(indexedOf), (each) => each.datastore)) {
      yield* this.#edit(
        datastore,
        some.map((after) => ({ after })),
        'rebuilding',
      )
    }
    if (rows.length < this.#sizes.rebuildBatchRows) {
      yield* this.#replaceLive()
      return 'done'
    }
    yield* run('UPDATE changes SET rebuilt_to = ?', rows.at(-1)!.row_id)
    return { rebuiltTo: rows.at(-1)!.row_id }
  }

  *#replaceLive(): Sql<void> {
    const built = yield* all<PartitionRow & { readonly datastore: number; readonly entries: number }>(
      `SELECT ${PARTITION_COLUMNS}, datastore, CAST((SELECT sum(entry_count) FROM search_leaves
         WHERE search_leaves.partition = search_partitions.partition) AS BIGINT) AS entries FROM search_partitions WHERE state = 'rebuilding'`,
    )
    for (const rows of Map.groupBy(
      built,
      (row) => `${row.datastore} ${nameOfTexts(partitionOfRow(row).texts)}`,
    ).values()) {
      const isPair = partitionOfRow(rows[0]!).texts.length === 2
      if (isPair && rows.every(({ entries }) => entries === 0))
        for (const { partition } of rows) yield* retirePartition(partition)
    }
    const replaced = yield* all<{ partition: number }>(
      `SELECT partition FROM search_partitions AS old WHERE state = 'live' AND EXISTS (SELECT 1 FROM search_partitions AS new
         WHERE new.state = 'rebuilding' AND new.datastore = old.datastore AND new.value = old.value
         AND new.attribute = old.attribute AND new.is_primary = old.is_primary)`,
    )
    for (const { partition } of replaced) {
      yield* retirePartition(partition)
      this.#cached.drop(partition)
    }
    yield* run(`UPDATE search_partitions SET state = 'live' WHERE state = 'rebuilding'`)
    yield* run('UPDATE changes SET rebuilt_to = NULL')
  }

  /** Applies the changes to the partitions that exist in the state. @returns the counts of their texts, by nameOfTexts. */
  *#edit(datastore: number, changes: readonly IndexChange[], state: PartitionState): Sql<ReadonlyMap<string, Counted>> {
    const indexed = changes.flatMap(({ before, after }) => [before, after].filter((each) => each !== undefined))
    const singles = yield* partitionsFor(datastore, indexed.flatMap(singlesOf).flatMap(bothKeys), state)
    const highFrequencyValues = ({ texts }: Indexed) => texts.filter((text) => singles.has(nameOfTexts([text])))
    const pairs = yield* partitionsFor(
      datastore,
      indexed.flatMap((each) => pairsOf(highFrequencyValues(each))).flatMap(bothKeys),
      state,
    )
    const partitions = new Map([...singles, ...pairs])
    const edits = new Map<Partition, { readonly removed: Entry[]; readonly added: Entry[] }>()
    const put = (imageSet: Indexed | undefined, side: 'removed' | 'added') => {
      if (imageSet === undefined) return
      for (const texts of [...singlesOf(imageSet), ...pairsOf(highFrequencyValues(imageSet))]) {
        const partition = partitions.get(nameOf(partitionKey(texts, imageSet.isPrimary)))
        if (partition === undefined) continue
        const edit = edits.get(partition) ?? { removed: [], added: [] }
        edits.set(partition, edit)
        edit[side].push(imageSet.entry)
      }
    }
    for (const { before, after } of changes) {
      put(before, 'removed')
      put(after, 'added')
    }
    const counted = new Map<string, Counted>()
    const change = this.#last.number
    const numbers = [...partitions.values()].map(({ partition }) => partition)
    const bounds = yield* this.#cached.boundsOf(numbers, change - 1)
    const boundsOf = new Map(numbers.map((number, at) => [number, bounds[at]!]))
    yield* this.#leaves.edit(
      [...edits].map(([{ partition }, edit]) => ({ ...edit, partition, bounds: boundsOf.get(partition)! })),
      change,
    )
    for (const partition of partitions.values()) {
      const before = boundsOf.get(partition.partition)!.entryCount()
      const edit = edits.get(partition)
      const name = nameOfTexts(partition.texts)
      const other = counted.get(name) ?? { before: 0, after: 0 }
      counted.set(name, {
        texts: partition.texts,
        before: other.before + before,
        after: other.after + before + (edit === undefined ? 0 : edit.added.length - edit.removed.length),
      })
    }
    return counted
  }

  /** Rows after `rebuiltTo` are not yet in the partitions being rebuilt: a later batch adds them. */
  *#editRebuilding(datastore: number, changes: readonly IndexChange[], rebuiltTo: number): Sql<void> {
    const isIn = (imageSet: Indexed | undefined) => imageSet !== undefined && imageSet.entry.point[ROW_ID]! <= rebuiltTo
    yield* this.#edit(
      datastore,
      changes.filter(({ before, after }) => isIn(after ?? before)),
      'rebuilding',
    )
  }

  /** Builds partitions for texts that have become high-frequency; and for all image sets, when a data store gets its first. */
  *#buildMissing(
    datastore: number,
    added: readonly Indexed[],
    edited: ReadonlyMap<string, Counted>,
  ): Sql<readonly Counted[]> {
    const missing = new Map<string, readonly Text[]>()
    for (const imageSet of added) {
      // Counting is expensive, so only a sample triggers it: a text may pass the threshold by a few hundred.
      for (const texts of this.#isSampled(imageSet) ? singlesOf(imageSet) : [[]]) {
        const name = nameOfTexts(texts)
        if (!edited.has(name)) missing.set(name, texts)
      }
    }
    const built: Counted[] = []
    for (const texts of missing.values()) {
      if (texts.length === 0 || (yield* this.#isHighFrequency(datastore, texts)))
        built.push(yield* this.#build(datastore, texts))
    }
    return built
  }

  /**
   * Builds partitions for each pair of large texts that some image set has both of. A search relies on it: where a pair of large texts
   * has no partition, no image set has both.
   */
  *#buildPairs(datastore: number, added: readonly Indexed[], counted: readonly Counted[]): Sql<void> {
    const { pairFrom } = this.#sizes
    const large = counted.filter(({ texts, after }) => texts.length === 1 && after > pairFrom)
    const names = new Set(large.map(({ texts }) => nameOfTexts(texts)))
    const wanted = added.flatMap(({ texts }) => pairsOf(texts.filter((text) => names.has(nameOfTexts([text])))))
    for (const { texts, before } of large) {
      if (before > pairFrom) continue
      const others = yield* largeTexts(datastore, pairFrom)
      wanted.push(
        ...others.filter(({ attribute }) => attribute !== texts[0]!.attribute).map((other) => [...texts, other]),
      )
    }
    const pairs = new Map(wanted.map((texts) => [nameOfTexts(texts), texts]))
    const known = yield* partitionsFor(datastore, [...pairs.values()].flatMap(bothKeys))
    for (const [name, texts] of pairs) if (!known.has(name)) yield* this.#build(datastore, texts)
  }

  /** Sampled by a hash of the row id, so that no regular pattern of imports evades counting. */
  #isSampled({ entry }: Indexed): boolean {
    return (Math.imul(entry.point[ROW_ID]!, 0x9e3779b1) >>> 8) % this.#sizes.countEvery === 0
  }

  *#isHighFrequency(datastore: number, texts: readonly Text[]): Sql<boolean> {
    const { text, values } = imageSetsWith(mostSelectiveFirst(texts), { datastore, dialect: this.#dialect })
    const from = texts.some(isOfUid) ? this.#sizes.highFrequencyUidFrom : this.#sizes.highFrequencyFrom
    const beyond = yield* all(`SELECT 1 AS one ${text} LIMIT 1 OFFSET ?`, ...values, from)
    return beyond.length > 0
  }

  /** Below this many image sets, the partitions of the texts are dropped. */
  #highFrequencyUntil(texts: readonly Text[]): number {
    if (texts.length !== 1) return texts.length === 0 ? 0 : 1
    return texts.some(isOfUid) ? this.#sizes.highFrequencyUidUntil : this.#sizes.highFrequencyUntil
  }

  /** Builds from the rows as they are now. A pair that no image set has gets no partition. */
  *#build(datastore: number, texts: readonly Text[]): Sql<Counted> {
    const rows = yield* indexedWith(datastore, texts, this.#dialect)
    for (const key of rows.length === 0 && texts.length === 2 ? [] : bothKeys(texts)) {
      const entries = rows.filter(({ isPrimary }) => isPrimary === key.isPrimary).map(({ entry }) => entry)
      yield* this.#addPartition(datastore, key, decodeEntries(encodeEntries(entries)))
    }
    return { texts, before: 0, after: rows.length }
  }

  *#addPartition(datastore: number, key: PartitionKey, entries: Entries): Sql<void> {
    yield* this.#leaves.addPartition({ datastore, key, state: 'live' }, { entries, change: this.#last.number })
  }

  /** Also drops the partitions of pairs with the texts, and those being rebuilt. */
  *#dropPartitions(datastore: number, texts: readonly Text[]): Sql<void> {
    const rows = yield* all<PartitionRow>(
      `SELECT ${PARTITION_COLUMNS} FROM search_partitions WHERE datastore = ? AND state IN ('live', 'rebuilding')`,
      datastore,
    )
    for (const partition of rows.map(partitionOfRow)) {
      const has = (text: Text) => partition.texts.some((each) => nameOfTexts([each]) === nameOfTexts([text]))
      if (!texts.every(has)) continue
      yield* retirePartition(partition.partition)
      this.#cached.drop(partition.partition)
    }
  }
}

/** The texts of the partitions that an image set may be in, but for pairs: none, and each of its own. */
const singlesOf = ({ texts }: Indexed): readonly (readonly Text[])[] => [[], ...texts.map((text) => [text])]

const isOfUid = ({ attribute }: Text) => isUid(attribute)
