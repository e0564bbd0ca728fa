/**
 * Keeps the search index equal to the image sets, in the transaction that changes them. An image set lies in the space of the
 * primary ones or of the others, in that of each of its texts which has one, and in that of each two of its texts which have one.
 */

import type { Dialect } from '../../sql/engine/differences.ts'
import { all, one, run, type Sql } from '../../sql/engine/statement.ts'
import { nextChange } from '../../sql/history/changes.ts'
import { INDEXED_COLUMNS, type Indexed, type IndexedRow, indexedOf, indexedWith, rowsOf } from '../indexed-image-set.ts'
import { decodeEntries, type Entries, type Entry, encodeEntries, SEQ } from '../kd-tree/entries.ts'
import type { IndexSizes } from '../kd-tree/sizes.ts'
import { clearRetired, LeafWriter, retirePartition } from '../leaves.ts'
import {
  BoundsInMemory,
  bothKeys,
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
  type Text,
} from '../partitions.ts'
import { buildAll } from './build.ts'

/** What becomes of an image set in a change: it comes, goes, or is another than before. */
export interface IndexChange {
  readonly before?: Indexed
  readonly after?: Indexed
}

/** Leaves of retired spaces that a change takes away, beside what it is there for. */
const CLEARED_PER_CHANGE = 16

/** Texts whose spaces a change has written, and how many image sets have them, before and after. */
interface Counted {
  readonly texts: readonly Text[]
  readonly before: number
  readonly after: number
}

/** Writes the index. One for each connection that writes; what it does is part of the transaction that it is asked in. */
export class SearchUpkeep {
  readonly #sizes: IndexSizes
  readonly #dialect: Dialect
  readonly #bounds: BoundsInMemory
  readonly #leaves: LeafWriter
  /** Unlike that of every other writer. */
  readonly #name: string
  #changes = 0
  /** What the last change of this writer was, if it stands, and how far the index was being built anew in it. */
  #last: { number: number; writeToken: string; rebuiltTo: number | undefined } = {
    number: -1,
    writeToken: '',
    rebuiltTo: undefined,
  }
  /** Up to here nothing in memory can be undone any more. */
  #confirmed = -1

  constructor(options: { readonly sizes: IndexSizes; readonly dialect: Dialect; readonly name: string }) {
    this.#sizes = options.sizes
    this.#dialect = options.dialect
    this.#name = options.name
    this.#bounds = new BoundsInMemory(options.sizes)
    this.#leaves = new LeafWriter(options.sizes.leafEntriesMax)
  }

  /** The number of a change to image sets; `apply` belongs to the change begun last. */
  *beginChange(): Sql<number> {
    const writeToken = `${this.#name}.${++this.#changes}`
    const { number, previousWriteToken, rebuiltTo } = yield* nextChange(writeToken)
    if (this.#last.number !== number - 1 || this.#last.writeToken !== previousWriteToken) {
      // Another writer came between, or a transaction of ours was undone; memory may hold what is nowhere else.
      yield* this.#bounds.readAgain(this.#leaves.written, this.#confirmed)
      if (!previousWriteToken.startsWith(`${this.#name}.`)) {
        this.#confirmed = number - 1
        this.#leaves.clearWritten()
      }
    }
    this.#last = { number, writeToken, rebuiltTo }
    return number
  }

  /** An image set as its row has it now. */
  *indexed(seq: number): Sql<Indexed> {
    return indexedOf((yield* one<IndexedRow>(`SELECT ${INDEXED_COLUMNS} FROM image_sets WHERE seq = ?`, seq))!)
  }

  /** Once in a change, when all its rows are as they shall be. */
  *apply(changes: readonly IndexChange[]): Sql<void> {
    for (const [datastore, some] of Map.groupBy(changes, (change) => (change.after ?? change.before)!.datastore)) {
      const edited = yield* this.#edit(datastore, some, 'live')
      if (this.#last.rebuiltTo !== undefined) yield* this.#editRebuilding(datastore, some, this.#last.rebuiltTo)
      const added = some.flatMap(({ after }) => (after === undefined ? [] : [after]))
      const built = yield* this.#buildMissing(datastore, added, edited)
      yield* this.#buildPairs(datastore, added, [...edited.values(), ...built])
      for (const { texts, after } of edited.values())
        if (after < this.#highFrequencyUntil(texts)) yield* this.#drop(datastore, texts)
    }
    yield* clearRetired(CLEARED_PER_CHANGE)
  }

  /** Everything, for a catalog whose index is empty. */
  *buildAll(): Sql<void> {
    yield* buildAll({
      sizes: this.#sizes,
      dialect: this.#dialect,
      addPartition: (datastore, key, entries) => this.#addPartition(datastore, key, entries),
    })
  }

  /**
   * Begins to build the index anew beside itself, or to go on with it where it was begun.
   * @param heavy the texts that have many image sets, by data store, with how many: as they were a moment ago.
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

  /** Takes the next image sets into what is being built; when there are none left, that takes the place of what there was. */
  *rebuildBatch(): Sql<{ readonly rebuiltTo: number } | 'done'> {
    yield* this.beginChange()
    const { rebuiltTo } = this.#last
    if (rebuiltTo === undefined) return 'done'
    const rows = yield* all<IndexedRow>(
      `SELECT ${INDEXED_COLUMNS} FROM image_sets WHERE seq > ? AND deleted_at IS NULL ORDER BY seq LIMIT ?`,
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
      yield* this.#putInPlace()
      return 'done'
    }
    yield* run('UPDATE changes SET rebuilt_to = ?', rows.at(-1)!.seq)
    return { rebuiltTo: rows.at(-1)!.seq }
  }

  *#putInPlace(): Sql<void> {
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
      this.#bounds.forget(partition)
    }
    yield* run(`UPDATE search_partitions SET state = 'live' WHERE state = 'rebuilding'`)
    yield* run('UPDATE changes SET rebuilt_to = NULL')
  }

  /** Puts the changes into the spaces of the state that there are for them. @returns what is counted there, by nameOfTexts. */
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
    const bounds = yield* this.#bounds.of(numbers, change - 1)
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

  /** What lies behind `rebuiltTo` is not in the spaces that are being built; it comes into them in its turn. */
  *#editRebuilding(datastore: number, changes: readonly IndexChange[], rebuiltTo: number): Sql<void> {
    const isIn = (imageSet: Indexed | undefined) => imageSet !== undefined && imageSet.entry.point[SEQ]! <= rebuiltTo
    yield* this.#edit(
      datastore,
      changes.filter(({ before, after }) => isIn(after ?? before)),
      'rebuilding',
    )
  }

  /** Partitions for those of the texts which have none and shall have one; and for all image sets, of a data store that has its first. */
  *#buildMissing(
    datastore: number,
    added: readonly Indexed[],
    edited: ReadonlyMap<string, Counted>,
  ): Sql<readonly Counted[]> {
    const missing = new Map<string, readonly Text[]>()
    for (const imageSet of added) {
      // Counting costs; so one of so many is counted, and a text may pass its mark by a few hundred.
      for (const texts of this.#counts(imageSet) ? singlesOf(imageSet) : [[]]) {
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
   * Two texts that very many image sets have each, and one of them both, have spaces together; so where there are none, a search
   * for both finds nothing.
   */
  *#buildPairs(datastore: number, added: readonly Indexed[], counted: readonly Counted[]): Sql<void> {
    const { pairFrom } = this.#sizes
    const large = counted.filter(({ texts, after }) => texts.length === 1 && after > pairFrom)
    const names = new Set(large.map(({ texts }) => nameOfTexts(texts)))
    const wanted = added.flatMap(({ texts }) => pairsOf(texts.filter((text) => names.has(nameOfTexts([text])))))
    for (const { texts, before } of large) {
      if (before > pairFrom) continue
      const others = yield* this.#largeTexts(datastore)
      wanted.push(
        ...others.filter(({ attribute }) => attribute !== texts[0]!.attribute).map((other) => [...texts, other]),
      )
    }
    const pairs = new Map(wanted.map((texts) => [nameOfTexts(texts), texts]))
    const known = yield* partitionsFor(datastore, [...pairs.values()].flatMap(bothKeys))
    for (const [name, texts] of pairs) if (!known.has(name)) yield* this.#build(datastore, texts)
  }

  *#largeTexts(datastore: number): Sql<readonly Text[]> {
    const rows = yield* all<{ attribute: string; value: string }>(
      `SELECT attribute, value FROM search_partitions JOIN search_leaves ON search_leaves.partition = search_partitions.partition
       WHERE datastore = ? AND state = 'live' GROUP BY attribute, value HAVING sum(entry_count) > ?`,
      ...[datastore, this.#sizes.pairFrom],
    )
    return rows
      .map((row) => partitionOfRow({ ...row, partition: 0, is_primary: 1 }).texts)
      .filter((texts) => texts.length === 1)
      .map(([text]) => text!)
  }

  /** Spread by a hash, so that no rhythm of coming keeps a text from being counted. */
  #counts({ entry }: Indexed): boolean {
    return (Math.imul(entry.point[SEQ]!, 0x9e3779b1) >>> 8) % this.#sizes.countEvery === 0
  }

  *#isHighFrequency(datastore: number, texts: readonly Text[]): Sql<boolean> {
    const { text, values } = rowsOf(datastore, texts, this.#dialect)
    const from = texts.some(isUid) ? this.#sizes.highFrequencyUidFrom : this.#sizes.highFrequencyFrom
    const beyond = yield* all(`SELECT 1 AS one FROM ${text} LIMIT 1 OFFSET ?`, ...values, from)
    return beyond.length > 0
  }

  /** Fewer, and the texts give up their spaces. */
  #highFrequencyUntil(texts: readonly Text[]): number {
    if (texts.length !== 1) return texts.length === 0 ? 0 : 1
    return texts.some(isUid) ? this.#sizes.highFrequencyUidUntil : this.#sizes.highFrequencyUntil
  }

  /** Out of the rows as they are now. Two texts that no image set has both get no spaces. */
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

  /** With the spaces of a text go those of it and another, and what is being built to follow them. */
  *#drop(datastore: number, texts: readonly Text[]): Sql<void> {
    const rows = yield* all<PartitionRow>(
      `SELECT ${PARTITION_COLUMNS} FROM search_partitions WHERE datastore = ? AND state IN ('live', 'rebuilding')`,
      datastore,
    )
    for (const partition of rows.map(partitionOfRow)) {
      const has = (text: Text) => partition.texts.some((each) => nameOfTexts([each]) === nameOfTexts([text]))
      if (!texts.every(has)) continue
      yield* retirePartition(partition.partition)
      this.#bounds.forget(partition.partition)
    }
  }
}

/** All image sets are one space; of each text those that have it are one. */
const singlesOf = ({ texts }: Indexed): readonly (readonly Text[])[] => [[], ...texts.map((text) => [text])]

const isUid = ({ attribute }: Text) => attribute === 'DICOMStudyInstanceUID' || attribute === 'DICOMSeriesInstanceUID'
