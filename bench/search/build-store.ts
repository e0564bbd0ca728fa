/**
 * Builds the catalog that is searched, and the ordinary table beside it, once for each number of image sets, and keeps both in a cache
 * folder. Rows are written by plain SQL over the catalog's own migrations, since importing ten million series would take hours;
 * instances, jobs and blobs are left out, and no search looks at them.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3'
import { lockDataFolder } from '../../src/data-folder.ts'
import { INDEX_SIZES } from '../../src/stores/search-index/sizes.ts'
import { SQLITE } from '../../src/stores/sql/differences.ts'
import { imageSetIdOf } from '../../src/stores/sql/image-set-id.ts'
import { SearchUpkeep } from '../../src/stores/sql/search-upkeep.ts'
import { openSqliteCatalog } from '../../src/stores/sql/sqlite.ts'
import { SqliteConnection } from '../../src/stores/sql/sqlite-connection.ts'
import { withCounts } from '../../src/stores/sql/summary-tags.ts'
import { randomOf, wholeBelow } from '../random.ts'
import { type BenchImageSet, DATA_SET_VERSION, type DataSet, NOW } from './data-set.ts'
import { OrdinaryStore } from './ordinary-store.ts'

export const DATASTORE_ID = createHash('md5').update('hilum search benchmark').digest('hex')
const CATALOG = join('data', 'catalog.sqlite')
const ROWS_PER_TRANSACTION = 20_000

/** What the building took, as it was measured when it was done. */
export interface BuildFacts {
  /** Rows written a second, the time to make them up not counted, and before any index. */
  readonly load_rows_per_s: number
  readonly index_s: number
  /** All of the catalog's file, by image set; and what of it is not the rows of image sets themselves. */
  readonly bytes_per_image_set: number
  readonly index_bytes_per_image_set: number
  /** By table and index. */
  readonly bytes_of: Readonly<Record<string, number>>
}

export interface BuiltStore {
  /** As `hilum serve` takes it. */
  readonly dataFolder: string
  readonly catalogPath: string
  readonly ordinaryPath: string
  readonly facts: BuildFacts
}

/** Told what goes on and how far it is, from 0 to 1. */
export type Progress = (what: string, done: number) => void

export async function buildStore(request: {
  readonly dataSet: DataSet
  readonly cacheFolder: string
  readonly progress: Progress
}): Promise<BuiltStore> {
  const { dataSet, cacheFolder, progress } = request
  const building = join(cacheFolder, `building-${process.pid}`)
  await rm(building, { recursive: true, force: true })
  await mkdir(building, { recursive: true })
  try {
    const catalogPath = join(building, CATALOG)
    await createCatalog(catalogPath)
    const schema = schemaOf(catalogPath)
    const kind = createHash('sha256').update(`${DATA_SET_VERSION} ${schema}`).digest('hex').slice(0, 10)
    const folder = join(cacheFolder, `sqlite-${dataSet.size}-${kind}`)
    if (!existsSync(folder)) {
      const facts = await fillCatalog({ path: catalogPath, dataSet, progress })
      fillOrdinaryStore({ path: join(building, 'ordinary.sqlite'), dataSet, progress })
      await writeFile(join(building, 'facts.json'), JSON.stringify(facts, undefined, 2))
      await rename(building, folder)
    }
    const facts: BuildFacts = JSON.parse(await readFile(join(folder, 'facts.json'), 'utf8'))
    return {
      dataFolder: join(folder, 'data'),
      catalogPath: join(folder, CATALOG),
      ordinaryPath: join(folder, 'ordinary.sqlite'),
      facts,
    }
  } finally {
    await rm(building, { recursive: true, force: true })
  }
}

async function createCatalog(path: string): Promise<void> {
  const lock = await lockDataFolder(dirname(path))
  const catalog = await openSqliteCatalog({ path, newId: countedIds() })
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
  await catalog.close()
  await lock.release()
}

/** Ids in a row, the same in every run. */
export function countedIds(): () => string {
  let count = 0
  return () => createHash('md5').update(`${++count}`).digest('hex')
}

function schemaOf(path: string): string {
  const database = new Database(path, { readonly: true })
  const rows = database.prepare('SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY name').all()
  database.close()
  return JSON.stringify(rows)
}

/** All that publishing writes for a new image set, but for its instances. */
function rowsOf(imageSet: BenchImageSet): Readonly<Record<'image_sets' | 'image_set_versions', object>> {
  const { seq, grouping } = imageSet
  const instances = 1 + wholeBelow(randomOf(3, seq), 500)
  return {
    image_sets: {
      seq,
      id_tail: createHash('md5').update(`${seq}`).digest('hex').slice(imageSetIdOf(0, '').length),
      datastore: 1,
      version: 1,
      image_set_state: 'ACTIVE',
      workflow_status: 'CREATED',
      is_primary: Number(imageSet.isPrimary),
      created_at: imageSet.createdAt,
      updated_at: imageSet.updatedAt,
      last_accessed_at: imageSet.updatedAt,
      // Each was a change of its own.
      changed_in: seq,
      study_instant: imageSet.studyInstant,
      patient_id: grouping.PatientID,
      accession_number: grouping.AccessionNumber,
      study_id: grouping.StudyID,
      study_instance_uid: grouping.StudyInstanceUID,
      series_instance_uid: grouping.SeriesInstanceUID,
      study_date: grouping.StudyDate,
      series_number: grouping.SeriesNumber,
      instance_count: instances,
      tags: withCounts(imageSet.tags, { instances }),
    },
    image_set_versions: {
      seq,
      version: 1,
      workflow_status: 'CREATED',
      is_primary: Number(imageSet.isPrimary),
      updated_at: imageSet.updatedAt,
    },
  }
}

async function fillCatalog(request: {
  readonly path: string
  readonly dataSet: DataSet
  readonly progress: Progress
}): Promise<BuildFacts> {
  const { path, dataSet, progress } = request
  const database = new Database(path)
  for (const pragma of ['journal_mode = WAL', 'synchronous = NORMAL', 'cache_size = -262144']) database.pragma(pragma)
  // Made once over all rows, which is many times faster than keeping them while rows come.
  const indexes = database
    .prepare(`SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'image_sets' AND sql IS NOT NULL`)
    .all() as readonly { name: string; sql: string }[]
  for (const { name } of indexes) database.exec(`DROP INDEX ${name}`)

  const example = rowsOf(dataSet.imageSet(0))
  const inserts = Object.entries(example).map(([table, row]) => {
    const columns = Object.keys(row)
    const marks = columns.map(() => '?').join(', ')
    return database.prepare(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${marks})`)
  })
  let writingMs = 0
  for (let from = 0; from < dataSet.size; from += ROWS_PER_TRANSACTION) {
    const batch = batchOf(dataSet, from).map((imageSet) => Object.values(rowsOf(imageSet)).map(Object.values))
    const startedAt = performance.now()
    database.transaction(() => {
      for (const rows of batch) {
        for (const [index, values] of rows.entries()) inserts[index]!.run(values)
      }
    })()
    writingMs += performance.now() - startedAt
    progress('loading the catalog', (from + batch.length) / dataSet.size)
  }
  database.prepare('UPDATE changes SET number = ?').run(dataSet.size)

  const indexingFrom = performance.now()
  for (const [index, { sql }] of indexes.entries()) {
    database.exec(sql)
    progress('indexing the catalog', (index + 1) / (indexes.length + 1))
  }
  buildSearchIndex(path)
  progress('indexing the catalog', 1)
  const indexingMs = performance.now() - indexingFrom
  database.pragma('wal_checkpoint(TRUNCATE)')
  const bytesOf = bytesByTable(database)
  database.close()

  const { size: fileBytes } = await stat(path)
  const perImageSet = (bytes: number) => Math.round((bytes / dataSet.size) * 10) / 10
  return {
    load_rows_per_s: Math.round(dataSet.size / (writingMs / 1000)),
    index_s: Math.round(indexingMs / 100) / 10,
    bytes_per_image_set: perImageSet(fileBytes),
    index_bytes_per_image_set: perImageSet(fileBytes - (bytesOf.image_sets ?? 0)),
    bytes_of: Object.fromEntries(Object.entries(bytesOf).map(([name, bytes]) => [name, perImageSet(bytes)])),
  }
}

/** The leaves, as a catalog gets them that comes from a release without. */
function buildSearchIndex(path: string): void {
  const connection = new SqliteConnection(path, { readonly: false, timeoutMs: 0 })
  const upkeep = new SearchUpkeep({ sizes: INDEX_SIZES, dialect: SQLITE, name: countedIds()() })
  connection.command('BEGIN')
  connection.drive(upkeep.beginChange())
  connection.drive(upkeep.buildAll())
  connection.command('COMMIT')
  connection.close()
}

function fillOrdinaryStore(request: {
  readonly path: string
  readonly dataSet: DataSet
  readonly progress: Progress
}): void {
  const { dataSet, progress } = request
  const store = OrdinaryStore.create(request.path)
  for (let from = 0; from < dataSet.size; from += ROWS_PER_TRANSACTION) {
    const batch = batchOf(dataSet, from)
    store.insert(batch)
    progress('loading the ordinary table', (from + batch.length) / dataSet.size)
  }
  progress('indexing the ordinary table', 0)
  store.index()
  progress('indexing the ordinary table', 1)
  store.close()
}

const batchOf = (dataSet: DataSet, from: number): readonly BenchImageSet[] =>
  Array.from({ length: Math.min(ROWS_PER_TRANSACTION, dataSet.size - from) }, (_, index) =>
    dataSet.imageSet(from + index),
  )

/** Pages that tables and indexes of a thousandth of the file or more lie on. */
function bytesByTable(database: Database.Database): Readonly<Record<string, number>> {
  const rows = database
    .prepare('SELECT name, sum(pgsize) AS bytes FROM dbstat GROUP BY name ORDER BY bytes DESC')
    .all() as readonly { name: string; bytes: number }[]
  const all = rows.reduce((sum, { bytes }) => sum + bytes, 0)
  return Object.fromEntries(rows.filter(({ bytes }) => bytes > all / 1000).map(({ name, bytes }) => [name, bytes]))
}
