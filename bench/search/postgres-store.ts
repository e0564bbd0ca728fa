/** The benchmark's stores on PostgreSQL: a database for each size and kind, with the ordinary table in a schema of its own. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import pg from 'pg'
import { DEFAULT_LIMITS } from '../../src/default-limits.ts'
import { POSTGRES } from '../../src/stores/sql/engine/differences.ts'
import { drive, executeOnce } from '../../src/stores/sql/engine/postgres/postgres-connection.ts'
import { POSTGRES_TYPES } from '../../src/stores/sql/engine/postgres/postgres-values.ts'
import type { Sql } from '../../src/stores/sql/engine/statement.ts'
import { openPostgresCatalog } from '../../src/stores/sql/open-postgres.ts'
import { startBenchPostgres } from '../postgres-server.ts'
import {
  type BuildFacts,
  type BuiltStore,
  countedIds,
  createBenchDatastore,
  kindOf,
  type StoreRequest,
} from './built-store.ts'
import { countFromText, fillPostgres, settlePostgres } from './fill-postgres.ts'
import { fillOrdinaryPostgres, openOrdinaryPostgres } from './ordinary-postgres.ts'

const BUILT_VERSION = 2

export interface PostgresStores {
  store(request: StoreRequest): Promise<BuiltStore>
  close(): Promise<void>
}

/** Printed with the result. */
const SETTINGS = [
  ...['server_version', 'shared_buffers', 'effective_cache_size', 'work_mem', 'maintenance_work_mem', 'max_wal_size'],
  ...['checkpoint_timeout', 'wal_level', 'fsync', 'synchronous_commit', 'random_page_cost', 'jit'],
]

export async function openPostgresStores(options: {
  readonly cacheFolder: string
  readonly url?: string
}): Promise<PostgresStores> {
  const databases = await openDatabases(options)
  const { urlOf, admin, prefix } = databases
  return {
    async store(request) {
      const name = `${prefix}_${request.dataSet.size}_${kindOf(POSTGRES, BUILT_VERSION)}`
      const facts = await builtOnce<BuildFacts>(databases, name, { build: (url) => build(url, request) })
      return storeIn({ name, urlOf, admin, facts, cacheFolder: request.cacheFolder })
    },
    close: databases.close,
  }
}

export interface Databases {
  /** The beginning of the names of databases. */
  readonly prefix: string
  readonly urlOf: (database: string) => string
  /** On the database `postgres`. */
  readonly admin: <T>(work: (client: pg.Client) => Promise<T>) => Promise<T>
  /** Stops the server if it was started for the benchmark. */
  close(): Promise<void>
}

/** @param options.url the names of the databases created on its server begin with the name of its database. */
export async function openDatabases(options: {
  readonly cacheFolder: string
  readonly url?: string
}): Promise<Databases> {
  const server = options.url === undefined ? await startBenchPostgres(options.cacheFolder) : undefined
  const base = new URL(options.url ?? server!.url)
  const urlOf = (database: string): string => Object.assign(new URL(base), { pathname: `/${database}` }).href
  return {
    prefix: base.pathname.slice(1),
    urlOf,
    admin: (work) => connected(urlOf('postgres'), work),
    close: async () => server?.stop(),
  }
}

/**
 * A database that is built once. What its build returns is kept as its comment; a database without one was not completed.
 * @param by.create creates an empty one
 */
export async function builtOnce<Facts>(
  { urlOf, admin }: Databases,
  name: string,
  by: { readonly create?: (name: string) => Promise<void>; readonly build: (url: string) => Promise<Facts> },
): Promise<Facts> {
  const kept = await admin(async (client) => {
    const text = `SELECT shobj_description(oid, 'pg_database') AS facts FROM pg_database WHERE datname = $1`
    return (await client.query<{ facts: string | null }>(text, [name])).rows[0]?.facts
  })
  if (kept !== undefined && kept !== null) return JSON.parse(kept)
  await (by.create ?? ((created) => admin((client) => createDatabase(client, created))))(name)
  const facts = await by.build(urlOf(name))
  await admin((client) =>
    client.query(`COMMENT ON DATABASE "${name}" IS ${client.escapeLiteral(JSON.stringify(facts))}`),
  )
  return facts
}

/** Instead of one that was not completed. */
export async function createDatabase(client: pg.Client, name: string): Promise<void> {
  await client.query(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`)
  await client.query(`CREATE DATABASE "${name}" TEMPLATE template0 ENCODING 'UTF8'`)
}

export async function connected<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url, types: POSTGRES_TYPES })
  await client.connect()
  try {
    return await work(client)
  } finally {
    await client.end()
  }
}

async function build(url: string, request: StoreRequest): Promise<BuildFacts> {
  const catalog = await openPostgresCatalog({ url, newId: countedIds(), limits: DEFAULT_LIMITS })
  await createBenchDatastore(catalog)
  await catalog.close()
  return connected(url, async (client) => {
    const facts = await fillPostgres(client, request)
    await fillOrdinaryPostgres(client, request)
    await settlePostgres(client, request.progress)
    return facts
  })
}

async function storeIn(
  from: Pick<Databases, 'urlOf' | 'admin'> & {
    readonly name: string
    readonly facts: BuildFacts
    readonly cacheFolder: string
  },
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
    ask: (sql) => askPostgres(url, sql),
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

const askPostgres = <T>(url: string, sql: Sql<T>): Promise<T> =>
  connected(url, async (client) => {
    await client.query('BEGIN')
    const answer = await drive(sql, executeOnce(client))
    await client.query('COMMIT')
    return answer
  })

export async function settings(client: pg.Client): Promise<Readonly<Record<string, string>>> {
  const { rows } = await client.query<{ name: string; value: string }>(
    'SELECT name, current_setting(name) AS value FROM unnest($1::text[]) AS name',
    [SETTINGS],
  )
  return Object.fromEntries(rows.map(({ name, value }) => [name, value]))
}
