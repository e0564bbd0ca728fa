/** The benchmark's stores on PostgreSQL: a database for each size and kind, with the ordinary table in a schema of its own. */
import { randomUUID } from 'node:crypto'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { DEFAULT_LIMITS } from '../../src/default-limits.ts'
import { SearchUpkeep } from '../../src/stores/search/maintenance/update-index.ts'
import { POSTGRES } from '../../src/stores/sql/engine/differences.ts'
import { drive, executeOnce } from '../../src/stores/sql/engine/postgres/postgres-connection.ts'
import { POSTGRES_TYPES } from '../../src/stores/sql/engine/postgres/postgres-values.ts'
import type { Sql, Statement } from '../../src/stores/sql/engine/statement.ts'
import { openPostgresCatalog } from '../../src/stores/sql/open-postgres.ts'
import { TEXT_INDEXES } from '../../src/stores/sql/rows/search-columns.ts'
import { copyChunks, copyIn } from '../copy-in.ts'
import { startBenchPostgres } from '../postgres-server.ts'
import {
  type BuildFacts,
  type BuiltStore,
  batchesOf,
  countedIds,
  createBenchDatastore,
  factsOf,
  kindOf,
  LOADED_TABLES,
  rowsOf,
  type StoreRequest,
  watchIndexing,
} from './built-store.ts'
import { fillOrdinaryPostgres, openOrdinaryPostgres } from './ordinary-postgres.ts'

const BUILT_VERSION = 2
/** In per cent: how full random inserts leave the pages of an index. Indexes in the order of insertion keep their default. */
const FULL_AS_GROWN = 70

export interface PostgresStores {
  store(request: StoreRequest): Promise<BuiltStore>
  close(): Promise<void>
}

/** Printed with the result. */
const SETTINGS = [
  ...['server_version', 'shared_buffers', 'effective_cache_size', 'work_mem', 'maintenance_work_mem', 'max_wal_size'],
  ...['checkpoint_timeout', 'wal_level', 'fsync', 'synchronous_commit', 'random_page_cost', 'jit'],
]

/** @param options.url the names of the databases created on its server begin with the name of its database. */
export async function openPostgresStores(options: {
  readonly cacheFolder: string
  readonly url?: string
}): Promise<PostgresStores> {
  const server = options.url === undefined ? await startBenchPostgres(options.cacheFolder) : undefined
  const base = new URL(options.url ?? server!.url)
  const prefix = base.pathname.slice(1)
  const urlOf = (database: string): string => Object.assign(new URL(base), { pathname: `/${database}` }).href
  const admin = <T>(work: (client: pg.Client) => Promise<T>) => connected(urlOf('postgres'), work)
  return {
    async store(request) {
      const name = `${prefix}_${request.dataSet.size}_${kindOf(POSTGRES, BUILT_VERSION)}`
      const kept = await admin((client) => factsKept(client, name))
      if (kept === undefined) await build({ ...request, urlOf, admin, name, building: `${prefix}_building` })
      const facts = kept ?? (await admin((client) => factsKept(client, name)))!
      return storeIn({ name, urlOf, admin, facts, cacheFolder: request.cacheFolder })
    },
    close: async () => server?.stop(),
  }
}

interface Databases {
  readonly urlOf: (database: string) => string
  readonly admin: <T>(work: (client: pg.Client) => Promise<T>) => Promise<T>
}

async function connected<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, types: POSTGRES_TYPES })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

/** Facts are stored as the comment of the database; undefined where it does not exist. */
async function factsKept(client: pg.Client, name: string): Promise<BuildFacts | undefined> {
  const text = `SELECT shobj_description(oid, 'pg_database') AS facts FROM pg_database WHERE datname = $1`
  const { rows } = await client.query<{ facts: string }>(text, [name])
  return rows[0] && JSON.parse(rows[0].facts)
}

async function build(request: StoreRequest & Databases & { name: string; building: string }): Promise<void> {
  const { admin, building, name } = request
  const url = request.urlOf(building)
  await admin(async (client) => {
    await client.query(`DROP DATABASE IF EXISTS "${building}" WITH (FORCE)`)
    await client.query(`CREATE DATABASE "${building}" TEMPLATE template0 ENCODING 'UTF8'`)
  })
  const catalog = await openPostgresCatalog({ url, newId: countedIds(), limits: DEFAULT_LIMITS })
  await createBenchDatastore(catalog)
  await catalog.close()
  const facts = await connected(url, async (client) => {
    await client.query(`SET maintenance_work_mem = '1GB'`)
    const filled = await fillCatalog(client, request)
    await fillOrdinaryPostgres(client, request)
    // So that no autovacuum runs during the measurements.
    request.progress('vacuuming the database', 0)
    await client.query('VACUUM (ANALYZE)')
    await client.query('CHECKPOINT').catch(() => {})
    request.progress('vacuuming the database', 1)
    return filled
  })
  await admin(async (client) => {
    await client.query(`COMMENT ON DATABASE "${building}" IS ${client.escapeLiteral(JSON.stringify(facts))}`)
    await client.query(`ALTER DATABASE "${building}" RENAME TO "${name}"`)
  })
}

async function fillCatalog(client: pg.Client, { dataSet, progress }: StoreRequest): Promise<BuildFacts> {
  const owned = await setAside(client)
  const example = rowsOf(dataSet.imageSet(0))
  const copies = LOADED_TABLES.map((table) => ({
    table,
    text: `COPY ${table} (${Object.keys(example[table]).join(', ')}) FROM STDIN (FREEZE)`,
  }))
  let writingMs = 0
  // After TRUNCATE in the same transaction, COPY can write frozen rows, and needs no WAL with wal_level = minimal.
  await client.query('BEGIN')
  await client.query(`TRUNCATE ${LOADED_TABLES.join(', ')} CASCADE`)
  for (const batch of batchesOf(dataSet)) {
    const rows = batch.map(rowsOf)
    for (const { table, text } of copies) {
      const chunks = copyChunks(rows.map((row) => Object.values(row[table])))
      const startedAt = performance.now()
      await copyIn(client, text, chunks)
      writingMs += performance.now() - startedAt
    }
    progress('loading the catalog', batch.at(-1)!.rowId / dataSet.size)
  }
  await client.query('UPDATE changes SET number = $1', [dataSet.size])
  const committingFrom = performance.now()
  await client.query('COMMIT')
  writingMs += performance.now() - committingFrom

  const indexingFrom = performance.now()
  for (const [index, text] of owned.entries()) {
    progress('indexing the catalog', index / owned.length)
    await client.query(text)
  }
  await client.query(countFromText(dataSet.size + 1))
  // Without statistics, plans are made for an empty table.
  await client.query('ANALYZE image_sets')
  const upkeep = new SearchUpkeep({ sizes: POSTGRES.indexSizes, dialect: POSTGRES, name: randomUUID() })
  const watch = watchIndexing(dataSet.size, progress)
  const execute = executeOnce(client)
  await client.query('BEGIN')
  await drive(upkeep.buildAll(), (statement: Statement) => {
    watch(statement)
    return execute(statement)
  })
  await client.query('COMMIT')
  const indexingMs = performance.now() - indexingFrom
  const bytesOf = await bytesByRelation(client)
  const bytes = Object.values(bytesOf).reduce((sum, each) => sum + each, 0)
  return factsOf({ size: dataSet.size, writingMs, indexingMs, bytes, bytesOf })
}

/** Drops indexes and foreign keys, which are created faster for all rows at once. @returns the statements that create them. */
async function setAside(client: pg.Client): Promise<readonly string[]> {
  const indexes = await client.query<{ name: string; text: string }>(
    `SELECT indexname AS name, indexdef AS text FROM pg_indexes WHERE schemaname = 'public' AND tablename = ANY($1)
     AND indexname NOT IN (SELECT conname FROM pg_constraint) ORDER BY indexname`,
    [LOADED_TABLES],
  )
  for (const { name } of indexes.rows) await client.query(`DROP INDEX ${name}`)
  const references = await client.query<{ table: string; name: string; text: string }>(
    `SELECT conrelid::regclass::text AS table, conname AS name, pg_get_constraintdef(oid) AS text
     FROM pg_constraint WHERE contype = 'f' AND conrelid::regclass::text = ANY($1)`,
    [LOADED_TABLES],
  )
  for (const { table, name } of references.rows) await client.query(`ALTER TABLE ${table} DROP CONSTRAINT ${name}`)
  return [
    ...indexes.rows.flatMap(({ name, text }) =>
      TEXT_INDEXES.some(([, index]) => index === name)
        ? [
            text.replace(' WHERE ', ` WITH (fillfactor = ${FULL_AS_GROWN}) WHERE `),
            `ALTER INDEX ${name} RESET (fillfactor)`,
          ]
        : [text],
    ),
    ...references.rows.map(({ table, name, text }) => `ALTER TABLE ${table} ADD CONSTRAINT ${name} ${text}`),
  ]
}

const countFromText = (rowId: number) => `ALTER TABLE image_sets ALTER COLUMN row_id RESTART WITH ${rowId}`

/** TOAST relations count as part of their tables. */
async function bytesByRelation(client: pg.Client): Promise<Readonly<Record<string, number>>> {
  const { rows } = await client.query<{ name: string; bytes: number }>(
    `SELECT relname AS name, CASE relkind WHEN 'r' THEN pg_table_size(oid) ELSE pg_relation_size(oid) END AS bytes
     FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'i') ORDER BY bytes DESC`,
  )
  return Object.fromEntries(rows.map(({ name, bytes }) => [name, bytes]))
}

async function storeIn(
  from: Databases & { readonly name: string; readonly facts: BuildFacts; readonly cacheFolder: string },
): Promise<BuiltStore> {
  const { name, urlOf, admin, facts } = from
  const url = urlOf(name)
  const openCatalog = (database: string) =>
    openPostgresCatalog({ url: urlOf(database), newId: countedIds(), limits: DEFAULT_LIMITS })
  await mkdir(from.cacheFolder, { recursive: true })
  const dataFolder = await mkdtemp(join(from.cacheFolder, 'server-'))
  return {
    dataFolder,
    catalogUrl: url,
    facts,
    settings: await connected(url, settings),
    openCatalog: () => openCatalog(name),
    warm: async () => {},
    startCheckpoints: () => undefined,
    openOrdinary: (options) => openOrdinaryPostgres(url, options),
    ask: <T>(sql: Sql<T>) =>
      connected(url, async (client) => {
        await client.query('BEGIN')
        const answer = await drive(sql, executeOnce(client))
        await client.query('COMMIT')
        return answer
      }),
    async copy() {
      const copy = `${name}_copy`
      const drop = () => admin((client) => client.query(`DROP DATABASE IF EXISTS "${copy}" WITH (FORCE)`))
      await drop()
      await admin((client) => client.query(`CREATE DATABASE "${copy}" TEMPLATE "${name}"`))
      return {
        openCatalog: () => openCatalog(copy),
        warm: async () => {},
        startCheckpoints: () => undefined,
        async remove() {
          await drop()
        },
      }
    },
    countFrom: async (rowId) => {
      await connected(url, (client) => client.query(countFromText(rowId)))
    },
    close: () => rm(dataFolder, { recursive: true, force: true }),
  }
}

async function settings(client: pg.Client): Promise<Readonly<Record<string, string>>> {
  const { rows } = await client.query<{ name: string; value: string }>(
    'SELECT name, current_setting(name) AS value FROM unnest($1::text[]) AS name',
    [SETTINGS],
  )
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]))
}
