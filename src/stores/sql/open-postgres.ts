/** Opens the catalog on PostgreSQL 15 or later: a database that any number of servers and import workers share. */
import pg from 'pg'
import type { Catalog } from '../catalog/catalog.ts'
import { type CatalogContent, CatalogNotEmpty } from '../catalog/catalog-snapshot.ts'
import type { IndexSizes } from '../search/kd-tree/sizes.ts'
import { SearchUpkeep } from '../search/maintenance/update-index.ts'
import { POSTGRES } from './engine/differences.ts'
import { ASK_CLOCK, startPostgresClock } from './engine/postgres/postgres-clock.ts'
import { drive, executeOnce } from './engine/postgres/postgres-connection.ts'
import { withoutValues } from './engine/postgres/postgres-failure.ts'
import { PostgresTransactions } from './engine/postgres/postgres-transactions.ts'
import { POSTGRES_TYPES } from './engine/postgres/postgres-values.ts'
import { readOnly, type Transactions } from './engine/statement.ts'
import { postgresIntegrity } from './integrity.ts'
import { migrate, requireOurSchema } from './schema/migrate.ts'
import { NoSchema } from './schema/other-schema.ts'
import { fillCatalog } from './snapshot/fill-catalog.ts'
import type { SnapshotTransaction } from './snapshot/snapshot.ts'
import { catalogOver } from './sql-catalog.ts'

export interface PostgresLimits {
  readonly catalogReadConnections: number
  readonly catalogWriteConnections: number
  /** To connect, or to wait for an idle connection of the pool. */
  readonly catalogConnectTimeoutMs: number
  readonly catalogStatementTimeoutMs: number
  /** An idle connection is closed after this time. */
  readonly catalogIdleTimeoutMs: number
}

/** The number of the advisory lock that is held during a migration. An arbitrary number. */
const MIGRATION_LOCK = 4_854_313
/** SQLSTATE of a missing table. */
const UNDEFINED_TABLE = '42P01'

/**
 * @param options.newId 32 lower-case hex digits, never the same twice.
 * @param options.partition of the catalog; 0 if it has one (src/stores/partitioned/)
 * @param options.readOnly writes nothing; the catalog must exist and have the schema of this program.
 */
export async function openPostgresCatalog(options: {
  /** `postgres://user@host:5432/database`; missing parts come from the PG* variables and ~/.pgpass, as with psql. */
  readonly url: string
  readonly newId: () => string
  readonly partition?: number
  /** Of its tables, created if it does not exist. Undefined: the one that the connection has. */
  readonly schema?: string
  readonly limits: PostgresLimits
  readonly sizes?: IndexSizes
  readonly readOnly?: boolean
}): Promise<Catalog> {
  const { url, limits, newId, partition = 0, schema, sizes = POSTGRES.indexSizes } = options
  // One for all connections that write: behind the lock of the data store's row in `changes`.
  const upkeep = new SearchUpkeep({ sizes, dialect: POSTGRES, name: newId() })
  const connection = {
    connectionString: url,
    types: POSTGRES_TYPES,
    application_name: 'hilum',
    connectionTimeoutMillis: limits.catalogConnectTimeoutMs,
    keepAlive: true,
    // Statements of a step are sent without waiting for each other.
    pipeline: true,
    ...(schema !== undefined && { options: `-c search_path=${schema}` }),
  }
  const forStatements = {
    ...connection,
    idleTimeoutMillis: limits.catalogIdleTimeoutMs,
    statement_timeout: limits.catalogStatementTimeoutMs,
    // A process that hangs in a transaction must not hold its locks for ever.
    idle_in_transaction_session_timeout: limits.catalogStatementTimeoutMs,
    // Nothing else ends the wait for a server that vanished without closing the connection.
    query_timeout: limits.catalogStatementTimeoutMs + limits.catalogConnectTimeoutMs,
  }
  try {
    if (options.readOnly === true) await checkSchema(connection)
    else await migrateSchema(connection, { upkeep, schema })
  } catch (error) {
    throw withoutValues(error)
  }
  const reads = new pg.Pool({ ...forStatements, max: limits.catalogReadConnections })
  // A separate pool, so that writes that wait for locks never delay a search.
  const writes = new pg.Pool({ ...forStatements, max: limits.catalogWriteConnections })
  const transactions = new PostgresTransactions({ reads, writes })
  const open = options.readOnly === true ? readOnly(transactions) : transactions
  const beginSnapshot = () => beginPostgresSnapshot(connection)
  const askClock = async () => (await reads.query<{ readonly now: number }>(ASK_CLOCK)).rows[0]!.now
  try {
    const { now: clock, stop } = await startPostgresClock(askClock)
    const parts = {
      dialect: POSTGRES,
      newId,
      partition,
      clock,
      sizes,
      upkeep,
      integrity: postgresIntegrity,
      beginSnapshot,
    }
    return catalogOver(stoppedAtClose(open, stop), parts)
  } catch (error) {
    await transactions.close()
    throw withoutValues(error)
  }
}

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
async function beginPostgresSnapshot(connection: pg.ClientConfig): Promise<SnapshotTransaction> {
  const client = new pg.Client(connection)
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
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
async function identities(client: pg.Client): Promise<readonly { readonly table: string; readonly column: string }[]> {
  const { rows } = await client.query(
    `SELECT table_name::text AS table, column_name::text AS column FROM information_schema.columns
     WHERE table_schema = current_schema() AND is_identity = 'YES' ORDER BY table_name`,
  )
  return rows
}

/**
 * Creates a catalog in an empty database, in one transaction.
 * @throws CatalogNotEmpty, StoreUnavailable, OtherSchema
 */
export async function createPostgresCatalog(
  { url, limits }: { readonly url: string; readonly limits: PostgresLimits },
  content: CatalogContent,
): Promise<void> {
  const client = new pg.Client({
    ...{ connectionString: url, types: POSTGRES_TYPES, application_name: 'hilum', keepAlive: true },
    pipeline: true,
    connectionTimeoutMillis: limits.catalogConnectTimeoutMs,
  })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('BEGIN')
    await client.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK])
    const tables = await client.query('SELECT 1 FROM information_schema.tables WHERE table_schema = current_schema()')
    if (tables.rows.length > 0) throw new CatalogNotEmpty()
    const execute = executeOnce(client)
    const by = { dialect: POSTGRES, overriding: 'OVERRIDING SYSTEM VALUE' }
    await fillCatalog(content, (sql) => drive(sql, execute), by)
    for (const { table, column } of await identities(client)) {
      const last = content.counters[table] ?? 0
      await client.query(
        `SELECT setval(pg_get_serial_sequence('${table}', '${column}'), greatest(max(${column}), $1::bigint, 1), greatest(max(${column}), $1::bigint) > 0)
         FROM ${table}`,
        [last],
      )
    }
    await client.query('COMMIT')
    // Plans of the first searches depend on statistics.
    await client.query('ANALYZE')
  } catch (error) {
    throw withoutValues(error)
  } finally {
    await client.end().catch(() => {})
  }
}

async function checkSchema(connection: pg.ClientConfig): Promise<void> {
  const client = new pg.Client(connection)
  client.on('error', () => {})
  try {
    await client.connect()
    await drive(requireOurSchema(), executeOnce(client))
  } catch (error) {
    throw error instanceof pg.DatabaseError && error.code === UNDEFINED_TABLE ? new NoSchema() : error
  } finally {
    await client.end()
  }
}

/** One process at a time, without a statement timeout: an index of millions of rows takes long. */
async function migrateSchema(
  connection: pg.ClientConfig,
  { upkeep, schema }: { readonly upkeep: SearchUpkeep; readonly schema: string | undefined },
): Promise<void> {
  const client = new pg.Client(connection)
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('BEGIN')
    await client.query('SELECT pg_advisory_xact_lock($1)', [MIGRATION_LOCK])
    if (schema !== undefined) await createSchema(client, schema)
    await drive(migrate({ dialect: POSTGRES, upkeep }), executeOnce(client))
    await client.query('COMMIT')
  } finally {
    await client.end()
  }
}

/** On Citus a distributed schema: its tables are together on one node. */
async function createSchema(client: pg.Client, schema: string): Promise<void> {
  const { rows } = await client.query(`SELECT 1 FROM pg_extension WHERE extname = 'citus'`)
  if (rows.length > 0) await client.query('SET LOCAL citus.enable_schema_based_sharding TO on')
  await client.query(`CREATE SCHEMA IF NOT EXISTS ${schema}`)
}
