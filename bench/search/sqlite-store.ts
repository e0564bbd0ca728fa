/** The benchmark's stores on SQLite, as files in the cache folder. */
import { randomUUID } from 'node:crypto'
import { createReadStream, existsSync } from 'node:fs'
import { constants, copyFile, mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import Database from 'better-sqlite3-multiple-ciphers'
import { lockDataFolder } from '../../src/server/data-folder.ts'
import { SearchUpkeep } from '../../src/stores/search/maintenance/update-index.ts'
import { SQLITE } from '../../src/stores/sql/engine/differences.ts'
import { startCheckpoints } from '../../src/stores/sql/engine/sqlite/sqlite-checkpoints.ts'
import { SqliteConnection } from '../../src/stores/sql/engine/sqlite/sqlite-connection.ts'
import { driveAtOnce, type Sql } from '../../src/stores/sql/engine/statement.ts'
import { openSqliteCatalog } from '../../src/stores/sql/open-sqlite.ts'
import {
  type BuildFacts,
  type BuiltStore,
  batchesOf,
  countedIds,
  createBenchDatastore,
  factsOf,
  kindOf,
  LOADED_TABLES,
  type Progress,
  rowsOf,
  type StoreRequest,
  watchIndexing,
} from './built-store.ts'
import { fillOrdinarySqlite, openOrdinarySqlite } from './ordinary-sqlite.ts'

const CATALOG = join('data', 'catalog.sqlite')
const BUILT_VERSION = 3
/**
 * An index created for all rows at once has full pages, which the next insert would split; in a store that grew they are about two thirds full.
 * So the last rows are inserted after the indexes are created.
 */
const SHARE_BEFORE_INDEXES = 0.7
/** Large enough for the indexes of ten million rows, so that each page is written once. */
const LOADING_CACHE_KB = 3_000_000

export async function buildSqliteStore(request: StoreRequest): Promise<BuiltStore> {
  const { dataSet, cacheFolder } = request
  const folder = join(cacheFolder, `sqlite-${dataSet.size}-${kindOf(SQLITE, BUILT_VERSION)}`)
  if (!existsSync(folder)) {
    const building = join(cacheFolder, `building-${process.pid}`)
    try {
      await mkdir(building, { recursive: true })
      const catalogPath = join(building, CATALOG)
      await createCatalog(catalogPath)
      const facts = await fillSqlite(catalogPath, request)
      const ofWords = fillOrdinarySqlite(join(building, 'ordinary.sqlite'), request)
      await writeFile(join(building, 'facts.json'), JSON.stringify({ ...facts, ...ofWords }, undefined, 2))
      await rename(building, folder)
    } finally {
      await rm(building, { recursive: true, force: true })
    }
  }
  return storeIn(folder)
}

async function storeIn(folder: string): Promise<BuiltStore> {
  const path = join(folder, CATALOG)
  const facts: BuildFacts = JSON.parse(await readFile(join(folder, 'facts.json'), 'utf8'))
  return {
    dataFolder: join(folder, 'data'),
    facts,
    settings: settings(path),
    openCatalog: () => openSqliteCatalog({ path, newId: countedIds() }),
    warm: () => readThrough(path),
    startCheckpoints: () => checkpointsOf(path),
    openOrdinary: async (options) => openOrdinarySqlite(join(folder, 'ordinary.sqlite'), options),
    ask: async (sql) => askSqlite(path, sql),
    async copy() {
      const copy = `${path}-copy-${process.pid}`
      // Free where the file system supports copy-on-write.
      await copyFile(path, copy, constants.COPYFILE_FICLONE)
      return {
        openCatalog: () => openSqliteCatalog({ path: copy, newId: countedIds() }),
        warm: () => readThrough(copy),
        startCheckpoints: () => checkpointsOf(copy),
        async remove() {
          await Promise.all(['', '-wal', '-shm'].map((ending) => rm(`${copy}${ending}`, { force: true })))
        },
      }
    },
    // SQLite numbers from the greatest existing row.
    countFrom: async () => {},
    close: async () => {},
  }
}

function askSqlite<T>(path: string, sql: Sql<T>): T {
  const connection = new SqliteConnection(path, { readonly: false, timeoutMs: 10_000 })
  try {
    connection.command('BEGIN')
    const answer = connection.drive(sql)
    connection.command('COMMIT')
    return answer
  } finally {
    connection.close()
  }
}

/** The comparison with the ordinary table may have evicted the store from the page cache. */
async function readThrough(path: string): Promise<void> {
  for await (const _ of createReadStream(path, { highWaterMark: 4 * 1024 * 1024 }));
}

const checkpointsOf = (path: string) =>
  startCheckpoints({ path, key: undefined }, (error) => {
    throw error
  })

export function settings(path: string): Readonly<Record<string, string>> {
  const database = new Database(path, { readonly: true })
  const { version } = database.prepare('SELECT sqlite_version() AS version').get() as { version: string }
  database.close()
  return { sqlite_version: version }
}

async function createCatalog(path: string): Promise<void> {
  const lock = await lockDataFolder(dirname(path))
  const catalog = await openSqliteCatalog({ path, newId: countedIds() })
  await createBenchDatastore(catalog)
  await catalog.close()
  await lock.release()
}

/** Fills the catalog at the path, which has its data store. */
export async function fillSqlite(
  path: string,
  { dataSet, progress }: Pick<StoreRequest, 'dataSet' | 'progress'>,
): Promise<BuildFacts> {
  const database = new Database(path)
  // Neither rollback nor durability is needed: an interrupted build is deleted.
  for (const pragma of ['journal_mode = OFF', 'synchronous = OFF', `cache_size = -${LOADING_CACHE_KB}`])
    database.pragma(pragma)
  const indexes = database
    .prepare(`SELECT name, sql FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'image_sets' AND sql IS NOT NULL`)
    .all() as readonly { name: string; sql: string }[]
  for (const { name } of indexes) database.exec(`DROP INDEX ${name}`)

  const example = rowsOf(dataSet.imageSet(0))
  const inserts = LOADED_TABLES.map((table) => {
    const columns = Object.keys(example[table])
    const marks = columns.map(() => '?').join(', ')
    return database.prepare(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${marks})`)
  })
  let [loaded, writingMs, indexingMs] = [0, 0, 0]
  database.exec('BEGIN')
  for (const batch of batchesOf(dataSet)) {
    const values = batch.map(rowsOf).map((rows) => LOADED_TABLES.map((table) => Object.values(rows[table])))
    const startedAt = performance.now()
    for (const rows of values) {
      for (const [index, row] of rows.entries()) inserts[index]!.run(row)
    }
    if (indexingMs === 0) {
      loaded += batch.length
      writingMs += performance.now() - startedAt
    } else indexingMs += performance.now() - startedAt
    progress('loading the catalog', batch.at(-1)!.rowId / dataSet.size)
    if (indexingMs > 0 || loaded < dataSet.size * SHARE_BEFORE_INDEXES) continue
    const indexingFrom = performance.now()
    for (const [index, { sql }] of indexes.entries()) {
      progress('indexing the catalog', index / indexes.length)
      database.exec(sql)
    }
    indexingMs += performance.now() - indexingFrom
  }
  database.prepare('UPDATE changes SET number = ?').run(dataSet.size)
  const indexingFrom = performance.now()
  database.exec('COMMIT')
  database.pragma('journal_mode = WAL')
  buildSearchIndex(path, { size: dataSet.size, progress })
  indexingMs += performance.now() - indexingFrom
  database.pragma('wal_checkpoint(TRUNCATE)')
  const bytesOf = bytesByTable(database)
  database.close()
  return factsOf({
    size: dataSet.size,
    writingMs: (writingMs / loaded) * dataSet.size,
    indexingMs,
    bytes: (await stat(path)).size,
    bytesOf,
  })
}

/** Builds the search index as for a catalog that has none. */
function buildSearchIndex(path: string, watched: { readonly size: number; readonly progress: Progress }): void {
  const connection = new SqliteConnection(path, { readonly: false, timeoutMs: 0 })
  const upkeep = new SearchUpkeep({ sizes: SQLITE.indexSizes, dialect: SQLITE, name: randomUUID() })
  connection.command('BEGIN')
  const watch = watchIndexing(watched.size, watched.progress)
  driveAtOnce(upkeep.buildAll(), (statement) => {
    watch(statement)
    return connection.execute(statement)
  })
  connection.command('COMMIT')
  connection.close()
}

/** The pages of tables and indexes. */
function bytesByTable(database: Database.Database): Readonly<Record<string, number>> {
  const rows = database
    .prepare('SELECT name, sum(pgsize) AS bytes FROM dbstat GROUP BY name ORDER BY bytes DESC')
    .all() as readonly { name: string; bytes: number }[]
  return Object.fromEntries(rows.map(({ name, bytes }) => [name, bytes]))
}
