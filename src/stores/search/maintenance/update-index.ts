/** The upkeep of the search indexes of all data stores, and what builds them. */
import type { Dialect } from '../../sql/engine/differences.ts'
import { all, one, run, type Sql } from '../../sql/engine/statement.ts'
import { indexFormat, recordIndexFormat } from '../../sql/history/changes.ts'
import type { Text } from '../../sql/rows/search-columns.ts'
import { repairBatch } from '../../sql/studies/all-studies.ts'
import { INDEX_FORMAT } from '../index-format.ts'
import {
  INDEXED_COLUMNS_WITH_WORDS,
  type IndexedRowWithWords,
  type IndexedWithWords,
  indexedWithWordsOf,
} from '../indexed-image-set.ts'
import type { IndexSizes } from '../kd-tree/sizes.ts'
import { buildAll } from './build.ts'
import { beginRebuild, rebuildBatch } from './rebuild-partitions.ts'
import { type BegunChange, StoreUpkeep } from './store-upkeep.ts'

/** Each keeps words of its data store, and bounds of its leaves: a share of those that are kept in all. */
const STORES_IN_MEMORY = 8

const INDEX_TABLES = [
  ...['study_history', 'study_totals', 'studies'],
  ...['search_entries', 'search_leaves', 'search_partitions'],
  ...['search_postings', 'search_tail', 'search_tokens', 'search_dictionaries'],
]

/** One for the connections of a process that write. Its methods are part of the caller's transaction. */
export class SearchUpkeep {
  readonly #sizes: IndexSizes
  readonly #dialect: Dialect
  /** Unique among all writers. */
  readonly #name: string
  /** By data store. The last in the map was used last. */
  readonly #stores = new Map<number, StoreUpkeep>()
  #storesMade = 0

  constructor(options: { readonly sizes: IndexSizes; readonly dialect: Dialect; readonly name: string }) {
    this.#sizes = options.sizes
    this.#dialect = options.dialect
    this.#name = options.name
  }

  /**
   * Begins a change to image sets of the data store.
   * @param revision of the declared attributes whose texts a new version has
   * @throws DeclarationsChanged
   */
  *beginChange(datastore: number, revision?: number): Sql<BegunChange> {
    return yield* this.#storeOf(datastore).begin(revision)
  }

  #storeOf(datastore: number): StoreUpkeep {
    const store = this.#stores.get(datastore) ?? this.#newStore(datastore)
    this.#stores.delete(datastore)
    this.#stores.set(datastore, store)
    const [oldest] = this.#stores.keys()
    // A transaction that uses it keeps it: the next one begins with another, which reads again.
    if (this.#stores.size > STORES_IN_MEMORY) this.#stores.delete(oldest!)
    return store
  }

  #newStore(datastore: number): StoreUpkeep {
    const leavesInMemory = Math.ceil(this.#sizes.leavesInMemory / STORES_IN_MEMORY)
    const name = `${this.#name}.${++this.#storesMade}`
    return new StoreUpkeep(datastore, { sizes: { ...this.#sizes, leavesInMemory }, dialect: this.#dialect, name })
  }

  /** The image set of a row, as it is now. */
  *indexed(rowId: number): Sql<IndexedWithWords> {
    const row = yield* one<IndexedRowWithWords>(
      `SELECT ${INDEXED_COLUMNS_WITH_WORDS} FROM image_sets WHERE row_id = ?`,
      rowId,
    )
    return indexedWithWordsOf(row!)
  }

  /** When the catalog is opened: builds the index of a new catalog, and rebuilds one of another format. */
  *ensureFormat(): Sql<void> {
    if ((yield* indexFormat()) === INDEX_FORMAT) return
    for (const table of INDEX_TABLES) yield* run(`DELETE FROM ${table}`)
    yield* run('UPDATE changes SET rebuilt_to = NULL')
    yield* recordIndexFormat(INDEX_FORMAT)
    yield* this.buildAll()
  }

  /** Builds all indexes at once, for a catalog whose indexes are empty, and the studies. */
  *buildAll(): Sql<void> {
    const begun = new Map<number, BegunChange>()
    for (const { datastore } of yield* all<{ datastore: number }>(
      'SELECT datastore FROM datastores ORDER BY datastore',
    )) {
      begun.set(datastore, yield* this.beginChange(datastore))
    }
    const writings = [...begun.values()].map(({ writing }) => writing)
    yield* buildAll(writings, { sizes: this.#sizes, dialect: this.#dialect })
    for (const [datastore, { number }] of begun) {
      let after: string | undefined = ''
      while (after !== undefined) after = yield* repairBatch(datastore, { after, change: number })
    }
  }

  /**
   * Starts a rebuild beside the live index of the data store, or resumes one.
   * @param highFrequency the texts that get partitions; slightly outdated.
   */
  *beginRebuild(datastore: number, highFrequency: readonly Text[]): Sql<void> {
    const { writing } = yield* this.beginChange(datastore)
    if (writing.rebuiltTo === undefined) yield* beginRebuild(writing, highFrequency)
  }

  /** Adds the next image sets to the partitions being rebuilt. When none are left, these replace the live ones. */
  *rebuildBatch(datastore: number): Sql<{ readonly rebuiltTo: number } | 'done'> {
    const { writing } = yield* this.beginChange(datastore)
    return writing.rebuiltTo === undefined ? 'done' : yield* rebuildBatch(writing, writing.rebuiltTo)
  }

  /** Makes some studies equal to their image sets, in the order of UIDs. @returns where the next ones begin */
  *repairStudies(datastore: number, after: string): Sql<string | undefined> {
    const { number } = yield* this.beginChange(datastore)
    return yield* repairBatch(datastore, { after, change: number })
  }
}
