/** Keeps the search index equal to the image sets, in the transaction that changes them. */
import { DeclarationsChanged } from '../../catalog/declared-attribute-repository.ts'
import type { Dialect } from '../../sql/engine/differences.ts'
import { all, one, run, type Sql } from '../../sql/engine/statement.ts'
import { knownChanges, nextChange, recordIndexFormat } from '../../sql/history/changes.ts'
import type { Text } from '../../sql/rows/search-columns.ts'
import { repairBatch } from '../../sql/studies/all-studies.ts'
import { updateStudies } from '../../sql/studies/write-studies.ts'
import { assertIndexFormat, INDEX_FORMAT } from '../index-format.ts'
import {
  INDEXED_COLUMNS_WITH_WORDS,
  type IndexChange,
  type IndexedRowWithWords,
  type IndexedWithWords,
  indexedWithWordsOf,
} from '../indexed-image-set.ts'
import type { IndexSizes } from '../kd-tree/sizes.ts'
import { buildAll } from './build.ts'
import { studiesChangedBy } from './changed-studies.ts'
import { adjustPartitions, type IndexWriting } from './high-frequency-partitions.ts'
import { PartitionWriter } from './partition-writer.ts'
import { beginRebuild, editRebuilding, editRebuildingWords, rebuildBatch } from './rebuild-partitions.ts'
import { WordWriter } from './word-writer.ts'
import { clearRetired } from './write-leaves.ts'
import { clearRetiredWords } from './write-postings.ts'

/** Leaves of retired partitions, and rows of retired dictionaries, that a change deletes beside its own work. */
const CLEARED_PER_CHANGE = 16
const WORD_ROWS_CLEARED_PER_CHANGE = 128

const INDEX_TABLES = [
  ...['study_history', 'study_totals', 'studies'],
  ...['search_entries', 'search_leaves', 'search_partitions'],
  ...['search_postings', 'search_tail', 'search_tokens', 'search_dictionaries'],
]

/** One for each connection that writes. Its methods are part of the caller's transaction. */
export class SearchUpkeep {
  readonly #sizes: IndexSizes
  readonly #dialect: Dialect
  readonly #partitions: PartitionWriter
  readonly #words: WordWriter
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
    this.#partitions = new PartitionWriter(options.sizes)
    this.#words = new WordWriter(options.sizes)
  }

  /**
   * @param revision of the declared attributes whose texts a new version has
   * @returns the number of a new change to image sets. `apply` belongs to the change begun last.
   * @throws DeclarationsChanged
   */
  *beginChange(revision?: number): Sql<number> {
    const writeToken = `${this.#name}.${++this.#changes}`
    const { number, previousWriteToken, rebuiltTo, indexFormat, declarations } = yield* nextChange(writeToken)
    assertIndexFormat(indexFormat)
    if (revision !== undefined && revision !== declarations) throw new DeclarationsChanged()
    if (this.#last.number !== number - 1 || this.#last.writeToken !== previousWriteToken) {
      // Another writer committed in between, or our transaction was rolled back.
      yield* this.#partitions.refresh(this.#confirmed)
      this.#words.forget()
      if (!previousWriteToken.startsWith(`${this.#name}.`)) {
        this.#confirmed = number - 1
        this.#partitions.confirmWritten()
      }
    }
    this.#last = { number, writeToken, rebuiltTo }
    return number
  }

  /** The image set of a row, as it is now. */
  *indexed(rowId: number): Sql<IndexedWithWords> {
    const row = yield* one<IndexedRowWithWords>(
      `SELECT ${INDEXED_COLUMNS_WITH_WORDS} FROM image_sets WHERE row_id = ?`,
      rowId,
    )
    return indexedWithWordsOf(row!)
  }

  /** Once in a change, after all its rows are written. @param at when the change is made */
  *apply(changes: readonly IndexChange[], at: number): Sql<void> {
    const writing = this.#writing()
    const { rebuiltTo } = writing
    for (const [datastore, some] of Map.groupBy(changes, (change) => (change.after ?? change.before)!.datastore)) {
      yield* updateStudies(datastore, studiesChangedBy(some), { number: writing.change, at })
      const edited = yield* this.#partitions.edit(datastore, some, { state: 'live', change: writing.change })
      if (rebuiltTo !== undefined) yield* editRebuilding(writing, datastore, { changes: some, rebuiltTo })
      yield* this.#words.edit(datastore, some, { state: 'live', change: writing.change })
      const added = some.flatMap(({ after }) => (after === undefined ? [] : [after]))
      // Last: what it builds is of the rows as they are now.
      yield* adjustPartitions(writing, datastore, { added, edited })
    }
    yield* clearRetired(CLEARED_PER_CHANGE)
    yield* clearRetiredWords(WORD_ROWS_CLEARED_PER_CHANGE)
  }

  /** Like `apply`, for changes of texts that only searches by words compare. */
  *applyTexts(changes: readonly IndexChange[]): Sql<void> {
    const writing = this.#writing()
    const { change, rebuiltTo } = writing
    for (const [datastore, some] of Map.groupBy(changes, (each) => (each.after ?? each.before)!.datastore)) {
      if (rebuiltTo !== undefined) yield* editRebuildingWords(writing, datastore, { changes: some, rebuiltTo })
      yield* this.#words.edit(datastore, some, { state: 'live', change })
    }
  }

  /** When the catalog is opened: builds the index of a new catalog, and rebuilds one of another format. */
  *ensureFormat(): Sql<void> {
    if ((yield* knownChanges()).indexFormat === INDEX_FORMAT) return
    for (const table of INDEX_TABLES) yield* run(`DELETE FROM ${table}`)
    yield* run('UPDATE changes SET rebuilt_to = NULL')
    yield* recordIndexFormat(INDEX_FORMAT)
    yield* this.beginChange()
    yield* this.buildAll()
  }

  /** Builds the whole index at once, for a catalog whose index is empty, and the studies. */
  *buildAll(): Sql<void> {
    const { sizes, dialect, partitions, change } = this.#writing()
    yield* buildAll({
      ...{ sizes, dialect },
      addPartition: (datastore, key, entries) => partitions.add({ datastore, key, state: 'live', entries, change }),
      words: {
        create: (datastore, texts) => this.#createWords(datastore, texts),
        seal: (datastore, imageSets) => this.#words.seal(datastore, imageSets, { state: 'live', change }),
      },
    })
    for (const { datastore } of yield* all<{ datastore: number }>('SELECT datastore FROM datastores')) {
      let after: string | undefined = ''
      while (after !== undefined) after = yield* repairBatch(datastore, { after, change })
    }
  }

  /**
   * Starts a rebuild beside the live index, or resumes one.
   * @param highFrequency by data store, the texts that get partitions; slightly outdated.
   */
  *beginRebuild(highFrequency: ReadonlyMap<number, readonly Text[]>): Sql<void> {
    yield* this.beginChange()
    if (this.#last.rebuiltTo === undefined) yield* beginRebuild(this.#writing(), highFrequency)
  }

  /** Adds the next image sets to the partitions being rebuilt. When none are left, these replace the live ones. */
  *rebuildBatch(): Sql<{ readonly rebuiltTo: number } | 'done'> {
    yield* this.beginChange()
    const { rebuiltTo } = this.#last
    return rebuiltTo === undefined ? 'done' : yield* rebuildBatch(this.#writing(), rebuiltTo)
  }

  /** Makes some studies equal to their image sets, in the order of UIDs. @returns where the next ones begin */
  *repairStudies(datastore: number, after: string): Sql<string | undefined> {
    const change = yield* this.beginChange()
    return yield* repairBatch(datastore, { after, change })
  }

  *#createWords(datastore: number, texts: Iterable<Text>): Sql<void> {
    yield* this.#words.create(datastore, texts, { state: 'live', change: this.#last.number })
  }

  #writing(): IndexWriting {
    const { number: change, rebuiltTo } = this.#last
    return {
      ...{ sizes: this.#sizes, dialect: this.#dialect, change, rebuiltTo },
      partitions: this.#partitions,
      words: this.#words,
    }
  }
}
