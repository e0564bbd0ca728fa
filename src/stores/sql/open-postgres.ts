/** Opens the catalog on PostgreSQL 15 or later: a database that any number of servers and import workers share. */
import pg from 'pg'
import type { Catalog } from '../catalog/catalog.ts'
import { OtherIndexFormat } from '../search/index-format.ts'
import type { IndexSizes } from '../search/kd-tree/sizes.ts'
import { SearchUpkeep } from '../search/maintenance/update-index.ts'
import { SharedMemory } from '../search/shared-memory.ts'
import { POSTGRES } from './engine/differences.ts'
import { pausePostgresWrites } from './engine/postgres/pause-postgres.ts'
import { ASK_CLOCK, startPostgresClock } from './engine/postgres/postgres-clock.ts'
import { drive, executeOnce } from './engine/postgres/postgres-connection.ts'
import { PostgresDatabase, type PostgresLimits } from './engine/postgres/postgres-database.ts'
import { withoutValues } from './engine/postgres/postgres-failure.ts'
import { PostgresTransactions } from './engine/postgres/postgres-transactions.ts'
import { one, readOnly, type Sql, type Transactions } from './engine/statement.ts'
import { postgresIntegrity } from './integrity.ts'
import { postgresPlace } from './partition/catalog-use.ts'
import { migrate, requireOurSchema } from './schema/migrate.ts'
import { NoSchema, OlderSchema } from './schema/other-schema.ts'
import type { SnapshotTransaction } from './snapshot/snapshot.ts'
import { catalogOver } from './sql-catalog.ts'

/** The first number of the advisory lock that is held during a migration; the second is that of the schema. An arbitrary number. */
const MIGRATION_LOCK = 4_854_313

/** Until the end of the transaction, one process at a time creates or migrates a catalog. @param schema undefined: that of the connection */
export const lockSchema = (client: pg.Client, schema: string | undefined): Promise<unknown> =>
  client.query('SELECT pg_advisory_xact_lock($1, hashtext($2))', [MIGRATION_LOCK, schema ?? ''])

/** SQLSTATE of a missing table. */
const UNDEFINED_TABLE = '42P01'

interface OpenPostgres {
  /** 32 lower-case hex digits, never the same twice. */
  readonly newId: () => string
  /** Of the catalog; 0 if it has one (src/stores/partitioned/). */
  readonly partition?: number
  /** Of its tables. Undefined: the one that connections have. */
  readonly schema?: string
  /** Whether the schema is created if it does not exist. */
  readonly mayCreate?: boolean
  /** Of another catalog, if that decides on times. */
  readonly clock?: () => number
  readonly sizes?: IndexSizes
  /** Shared with other catalogs of the process. */
  readonly searchMemory?: SharedMemory
  /** Writes nothing; the catalog must exist and have the schema of this program. */
  readonly readOnly?: boolean
}

/** Opens a catalog with a database of its own. */
export async function openPostgresCatalog(
  options: OpenPostgres & { readonly url: string; readonly limits: PostgresLimits },
): Promise<Catalog> {
  const database = new PostgresDatabase(options)
  try {
    const catalog = await openPostgresIn(database, options)
    const close = async () => {
      await catalog.close()
      await database.close()
    }
    return { ...catalog, close }
  } catch (error) {
    await database.close()
    throw error
  }
}

/**
 * Opens a catalog in a database that others use too. The caller closes the database after them.
 * @throws NoSchema if it does not exist and may not be created
 */
export async function openPostgresIn(database: PostgresDatabase, options: OpenPostgres): Promise<Catalog> {
  const { newId, partition = 0, schema, searchMemory = new SharedMemory() } = options
  const sizes = searchMemory.sizesOf(options.sizes ?? POSTGRES.indexSizes)
  // One for all connections that write: behind the lock of the data store's row in `changes`.
  const upkeep = new SearchUpkeep({ sizes, dialect: POSTGRES, name: newId() })
  const isDistributed = schema !== undefined && (await hasCitus(database))
  const transactions = new PostgresTransactions(database, { schema, isDistributed })
  try {
    const found = schema === undefined ? 'unknown' : await transactions.read(foundSchema)
    if (found === 'none' && options.mayCreate === false) throw new NoSchema()
    if (found !== 'ours' && options.readOnly === true) await checkSchema(database, schema)
    else if (found !== 'ours') await migrateSchema(database, { upkeep, schema, isNew: found === 'none' })
    const open = options.readOnly === true ? readOnly(transactions) : transactions
    const { now, stop } = options.clock === undefined ? await clockOf(database) : { now: options.clock, stop() {} }
    const parts = {
      ...{ dialect: POSTGRES, newId, partition, clock: now, sizes, upkeep },
      integrity: postgresIntegrity,
      beginSnapshot: () => beginPostgresSnapshot(database, schema),
      pauseWrites: () => pausePostgresWrites(database, schema),
      placeOf: postgresPlace,
    }
    return catalogOver(stoppedAtClose(open, stop), parts)
  } catch (error) {
    throw withoutValues(error, schema)
  }
}

const clockOf = ({ reads }: PostgresDatabase) =>
  startPostgresClock(async () => (await reads.query<{ readonly now: number }>(ASK_CLOCK)).rows[0]!.now)

const stoppedAtClose = (database: Transactions, stop: () => void): Transactions => ({
  read: (transaction) => database.read(transaction),
  readOne: (statement) => database.readOne(statement),
  write: (transaction, options) => database.write(transaction, options),
  close() {
    stop()
    return database.close()
  },
})

/** Without a statement timeout: a batch of rows may wait for the place that they are written to. */
async function beginPostgresSnapshot(
  { connection }: PostgresDatabase,
  schema: string | undefined,
): Promise<SnapshotTransaction> {
  const client = new pg.Client(connection)
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    if (schema !== undefined) await client.query(inSchema(schema))
  } catch (error) {
    await client.end().catch(() => {})
    throw withoutValues(error)
  }
  const execute = executeOnce(client)
  return {
    engine: 'PostgreSQL',
    execute: (statement) =>
      execute(statement).catch((error: unknown) => {
        throw withoutValues(error)
      }),
    async counters() {
      const counters: [string, number][] = []
      for (const { table, column } of await identities(client)) {
        const { rows } = await client.query(
          'SELECT pg_sequence_last_value(pg_get_serial_sequence($1, $2)::regclass) AS last',
          [...[table, column]],
        )
        if (rows[0].last !== null) counters.push([table, rows[0].last])
      }
      return Object.fromEntries(counters)
    },
    close: () => client.end(),
  }
}

/** The columns whose values the database counts. */
export async function identities(
  client: pg.Client,
): Promise<readonly { readonly table: string; readonly column: string }[]> {
  const { rows } = await client.query(
    `SELECT table_name::text AS table, column_name::text AS column FROM information_schema.columns
     WHERE table_schema = current_schema() AND is_identity = 'YES' ORDER BY table_name`,
  )
  return rows
}

/** With the connections of the pool: of many schemas, all but new ones are ours. @throws NewerSchema, UnreleasedSchema */
function* foundSchema(): Sql<'none' | 'older' | 'ours'> {
  const row = yield* one(`SELECT 1 AS found WHERE to_regclass('schema_versions') IS NOT NULL`)
  if (row === undefined) return 'none'
  try {
    yield* requireOurSchema()
    return 'ours'
  } catch (error) {
    if (error instanceof NoSchema || error instanceof OlderSchema || error instanceof OtherIndexFormat) return 'older'
    throw error
  }
}

const inSchema = (schema: string): string => `SET LOCAL search_path = ${schema}`

async function checkSchema(database: PostgresDatabase, schema: string | undefined): Promise<void> {
  try {
    await inTransaction(database.connection, schema, (client) => drive(requireOurSchema(), executeOnce(client)))
  } catch (error) {
    throw error instanceof pg.DatabaseError && error.code === UNDEFINED_TABLE ? new NoSchema() : error
  }
}

/**
 * One process at a time. Without a statement timeout: an index of millions of rows takes long. A new schema has none, and takes seconds where its
 * tables are on other machines.
 */
async function migrateSchema(
  { connection, forStatements }: PostgresDatabase,
  {
    upkeep,
    schema,
    isNew,
  }: { readonly upkeep: SearchUpkeep; readonly schema: string | undefined; readonly isNew: boolean },
): Promise<void> {
  await inTransaction(isNew ? forStatements : connection, schema, async (client) => {
    await lockSchema(client, schema)
    if (schema !== undefined) await createSchema(client, schema)
    await drive(migrate({ dialect: POSTGRES, upkeep }), executeOnce(client))
  })
}

export async function inTransaction(
  connection: pg.ClientConfig,
  schema: string | undefined,
  work: (client: pg.Client) => Promise<void>,
): Promise<void> {
  const client = new pg.Client(connection)
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('BEGIN')
    if (schema !== undefined) await client.query(inSchema(schema))
    await work(client)
    await client.query('COMMIT')
  } finally {
    await client.end()
  }
}

/** On Citus a distributed schema: its tables are together on one node. */
export async function createSchema(client: pg.Client, schema: string): Promise<void> {
  const { rows } = await client.query(CITUS)
  if (rows.length > 0) await client.query('SET LOCAL citus.enable_schema_based_sharding TO on')
  await client.query(`CREATE SCHEMA IF NOT EXISTS ${schema}`)
}

const CITUS = `SELECT 1 AS found FROM pg_extension WHERE extname = 'citus'`

const CITUS_NODES = `SELECT count(*)::int AS nodes FROM pg_dist_node WHERE noderole = 'primary' AND isactive AND shouldhaveshards`

/** How many nodes can have partitions. Undefined without Citus. @throws StoreUnavailable */
export async function nodesOfCitus(database: PostgresDatabase): Promise<number | undefined> {
  if (!(await hasCitus(database))) return undefined
  const [row] = await rowsOf<{ readonly nodes: number }>(database, CITUS_NODES)
  // A coordinator without workers keeps the partitions itself.
  return Math.max(row!.nodes, 1)
}

const hasCitus = async (database: PostgresDatabase): Promise<boolean> => (await rowsOf(database, CITUS)).length > 0

async function rowsOf<Row extends pg.QueryResultRow>(
  { reads }: PostgresDatabase,
  statement: string,
): Promise<readonly Row[]> {
  try {
    return (await reads.query<Row>(statement)).rows
  } catch (error) {
    throw withoutValues(error)
  }
}
