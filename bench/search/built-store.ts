/**
 * A store that was built for the benchmark, on either engine, and its rows. Rows are inserted by plain SQL into the catalog's schema, since
 * importing ten million series would take hours. Instances, jobs and blobs are left out: no search reads them.
 */
import { createHash } from 'node:crypto'
import type { Catalog } from '../../src/stores/catalog/catalog.ts'
import { INDEX_FORMAT } from '../../src/stores/search/index-format.ts'
import type { Dialect } from '../../src/stores/sql/engine/differences.ts'
import type { Checkpoints } from '../../src/stores/sql/engine/sqlite/sqlite-checkpoints.ts'
import type { Sql, Statement } from '../../src/stores/sql/engine/statement.ts'
import { newIdSuffix } from '../../src/stores/sql/rows/image-set-id.ts'
import { withCounts } from '../../src/stores/sql/rows/summary-tags.ts'
import { MIGRATIONS } from '../../src/stores/sql/schema/migrate.ts'
import { randomOf, wholeBelow } from '../random.ts'
import { type BenchImageSet, DATA_SET_VERSION, type DataSet, NOW } from './data-set.ts'
import type { OrdinaryStore } from './ordinary-store.ts'
import type { WordTableFacts } from './ordinary-words.ts'

export const DATASTORE_ID = createHash('md5').update('hilum search benchmark').digest('hex')
export const ROWS_PER_TRANSACTION = 20_000

/** Measured when the store was built. */
export interface BuildFacts extends Partial<WordTableFacts> {
  /** Inserts per second without the time to generate rows, before any index but primary keys. */
  readonly load_rows_per_s: number
  readonly index_s: number
  /** The whole catalog, and the indexes on image sets with the search index, per image set. */
  readonly bytes_per_image_set: number
  readonly index_bytes_per_image_set: number
  /** By table and index. */
  readonly bytes_of: Readonly<Record<string, number>>
}

export interface OpenableCatalog {
  openCatalog(): Promise<Catalog>
  /** Reads files into the page cache of the system, where the engine allows it. */
  warm(): Promise<void>
  /** The checkpoint thread that a server runs beside the catalog. */
  startCheckpoints(): Checkpoints | undefined
}

export interface BuiltStore extends OpenableCatalog {
  /** For `hilum serve`. */
  readonly dataFolder: string
  readonly catalogUrl?: string
  readonly facts: BuildFacts
  /** The version of the database and its relevant settings. */
  readonly settings: Readonly<Record<string, string>>
  openOrdinary(options: { readonly capMs: number }): Promise<OrdinaryStore>
  /** Runs statements on a connection of its own, in one transaction. */
  ask<T>(sql: Sql<T>): Promise<T>
  /** For writes. */
  copy(): Promise<OpenableCatalog & { remove(): Promise<void> }>
  /** After inserts were undone: the next image set gets the number that it would have got without them. */
  countFrom(rowId: number): Promise<void>
  close(): Promise<void>
}

/** Reports a step and its progress, from 0 to 1. */
export type Progress = (what: string, done: number) => void

export interface StoreRequest {
  readonly dataSet: DataSet
  readonly cacheFolder: string
  readonly progress: Progress
}

/**
 * Stores of one kind are equal, so that a cached one can be used.
 * @param builtVersion raised with every change of how the engine's store is built.
 */
export const kindOf = (dialect: Dialect, builtVersion: number): string =>
  createHash('sha256')
    .update(
      JSON.stringify([
        DATA_SET_VERSION,
        builtVersion,
        dialect.indexSizes,
        INDEX_FORMAT,
        MIGRATIONS.map((migration) => migration(dialect)),
      ]),
    )
    .digest('hex')
    .slice(0, 10)

export async function createBenchDatastore(catalog: Catalog): Promise<void> {
  const datastore = {
    datastoreId: DATASTORE_ID,
    datastoreName: 'bench',
    datastoreStatus: 'CREATING',
    kmsKeyArn: undefined,
    lambdaAuthorizerArn: undefined,
    losslessStorageFormat: 'HTJ2K',
    createdAt: NOW,
    updatedAt: NOW,
  } as const
  const token = { clientToken: 'bench', fingerprint: 'bench', usedSince: 0 }
  await catalog.datastores.create({ datastore, tags: {}, token })
  await catalog.datastores.settle(DATASTORE_ID, NOW)
}

/** A sequence of ids, the same in every run. */
export function countedIds(): () => string {
  let count = 0
  return () => createHash('md5').update(`${++count}`).digest('hex')
}

export function* batchesOf(dataSet: DataSet): Generator<readonly BenchImageSet[]> {
  for (let from = 0; from < dataSet.size; from += ROWS_PER_TRANSACTION) {
    const length = Math.min(ROWS_PER_TRANSACTION, dataSet.size - from)
    yield Array.from({ length }, (_, index) => dataSet.imageSet(from + index))
  }
}

export const LOADED_TABLES = ['image_sets', 'image_set_versions'] as const
type LoadedRow = Readonly<Record<string, string | number | null>>

/** The rows that publishing inserts for a new image set, without instances. */
export function rowsOf(imageSet: BenchImageSet): Readonly<Record<(typeof LOADED_TABLES)[number], LoadedRow>> {
  const { rowId, grouping } = imageSet
  const instances = 1 + wholeBelow(randomOf(3, rowId), 500)
  return {
    image_sets: {
      row_id: rowId,
      id_suffix: newIdSuffix(imageSet.partition ?? 0, () => createHash('md5').update(`${rowId}`).digest('hex')),
      datastore: 1,
      version: 1,
      image_set_state: 'ACTIVE',
      workflow_status: 'CREATED',
      is_primary: Number(imageSet.isPrimary),
      created_at: imageSet.createdAt,
      updated_at: imageSet.updatedAt,
      last_accessed_at: imageSet.updatedAt,
      // Each image set is a change of its own.
      changed_in: rowId,
      study_timestamp: imageSet.studyTimestamp,
      patient_id: grouping.PatientID,
      accession_number: grouping.AccessionNumber,
      study_id: grouping.StudyID,
      study_instance_uid: grouping.StudyInstanceUID,
      series_instance_uid: grouping.SeriesInstanceUID,
      unlisted_texts: imageSet.unlistedTexts,
      study_date: grouping.StudyDate,
      series_number: grouping.SeriesNumber,
      instance_count: instances,
      tags: withCounts(imageSet.tags, { instances }),
    },
    image_set_versions: {
      row_id: rowId,
      version: 1,
      workflow_status: 'CREATED',
      is_primary: Number(imageSet.isPrimary),
      updated_at: imageSet.updatedAt,
    },
  }
}

/** An estimate: an entry in the partition of all image sets, and one for each high-frequency text. */
const LEAF_BYTES_PER_IMAGE_SET = 52 * 1.6

/** Derives the progress of SearchUpkeep.buildAll, which takes minutes, from its statements. */
export function watchIndexing(size: number, progress: Progress): (statement: Statement) => void {
  let counted = 0
  let bytes = 0
  return ({ text, values }) => {
    if (text.includes('HAVING count(*)')) progress('search index: counting texts', counted++ / 5)
    else if (text.includes('WHERE row_id > ?')) {
      progress('search index: reading image sets', Math.max(0, Number(values[0])) / size)
    } else if (text.startsWith('INSERT INTO search_entries')) {
      for (const value of values) bytes += value instanceof Uint8Array ? value.byteLength : 0
      progress('search index: writing leaves', Math.min(0.99, bytes / (size * LEAF_BYTES_PER_IMAGE_SET)))
    }
  }
}

/** The names of indexes on image sets, and of the tables of the search index and their indexes. */
const IS_INDEX = /^(image_sets_(?!past)|search_)/

/** Facts per image set. */
export function factsOf(measured: {
  readonly size: number
  readonly writingMs: number
  readonly indexingMs: number
  readonly bytes: number
  readonly bytesOf: Readonly<Record<string, number>>
}): BuildFacts {
  const { size, writingMs, indexingMs, bytes, bytesOf } = measured
  const perImageSet = (all: number) => Math.round((all / size) * 10) / 10
  return {
    load_rows_per_s: Math.round(size / (writingMs / 1000)),
    index_s: Math.round(indexingMs / 100) / 10,
    bytes_per_image_set: perImageSet(bytes),
    index_bytes_per_image_set: perImageSet(
      Object.entries(bytesOf).reduce((sum, [name, some]) => sum + (IS_INDEX.test(name) ? some : 0), 0),
    ),
    // Those with a thousandth of all bytes or more.
    bytes_of: Object.fromEntries(
      Object.entries(bytesOf)
        .filter(([, some]) => some > bytes / 1000)
        .map(([name, some]) => [name, perImageSet(some)]),
    ),
  }
}
