/** Creates a catalog on PostgreSQL with the rows of a backup: in an empty database, or in a schema that has no tables. */
import pg from 'pg'
import { type CatalogContent, CatalogNotEmpty } from '../catalog/catalog-snapshot.ts'
import { POSTGRES } from './engine/differences.ts'
import { drive, executeOnce } from './engine/postgres/postgres-connection.ts'
import { withoutValues } from './engine/postgres/postgres-failure.ts'
import { POSTGRES_TYPES } from './engine/postgres/postgres-values.ts'
import { createSchema, identities, inTransaction, lockSchema } from './open-postgres.ts'
import { fillCatalog } from './snapshot/fill-catalog.ts'
import { SNAPSHOT_TABLES } from './snapshot/snapshot-tables.ts'

interface PostgresPlace {
  readonly url: string
  /** Of its tables. Undefined: the one that connections have. */
  readonly schema?: string | undefined
  readonly limits: { readonly catalogConnectTimeoutMs: number }
  /** Marks the catalog that a restore creates, so that it is not created twice when the restore is resumed. Letters and digits. */
  readonly restoreId?: string | undefined
}

const connectionTo = ({ url, limits }: PostgresPlace): pg.ClientConfig => ({
  ...{ connectionString: url, types: POSTGRES_TYPES, application_name: 'hilum', keepAlive: true },
  pipeline: true,
  connectionTimeoutMillis: limits.catalogConnectTimeoutMs,
})

/** @throws CatalogNotEmpty if there is anything else than what the restore has created, StoreUnavailable */
export async function requireNoCatalog(place: PostgresPlace): Promise<void> {
  try {
    await inTransaction(connectionTo(place), place.schema, async (client) => {
      await isCreated(client, place)
    })
  } catch (error) {
    throw withoutValues(error)
  }
}

const MARKED_TABLE = 'schema_versions'
const markOf = (restoreId: string): string => `created by the restore ${restoreId}`

/** @returns whether the restore has created the catalog. @throws CatalogNotEmpty */
async function isCreated(client: pg.Client, { restoreId }: PostgresPlace): Promise<boolean> {
  const tables = await client.query('SELECT 1 FROM information_schema.tables WHERE table_schema = current_schema()')
  if (tables.rows.length === 0) return false
  const { rows } = await client.query(`SELECT obj_description(to_regclass('${MARKED_TABLE}'), 'pg_class') AS mark`)
  if (restoreId !== undefined && rows[0].mark === markOf(restoreId)) return true
  throw new CatalogNotEmpty()
}

/** In one transaction. @throws CatalogNotEmpty, StoreUnavailable, OtherSchema */
export async function createPostgresCatalog(place: PostgresPlace, content: CatalogContent): Promise<void> {
  const { schema } = place
  const connection = connectionTo(place)
  try {
    await inTransaction(connection, schema, async (client) => {
      await lockSchema(client, schema)
      if (schema !== undefined) await createSchema(client, schema)
      if (!(await isCreated(client, place))) await fill(client, place, content)
    })
    // Plans of the first searches depend on statistics.
    const tables = SNAPSHOT_TABLES.map(({ table }) => (schema === undefined ? table : `${schema}.${table}`))
    await analyze(connection, tables)
  } catch (error) {
    throw withoutValues(error)
  }
}

async function fill(client: pg.Client, { restoreId }: PostgresPlace, content: CatalogContent): Promise<void> {
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
  if (restoreId !== undefined) await client.query(`COMMENT ON TABLE ${MARKED_TABLE} IS '${markOf(restoreId)}'`)
}

/** Outside of a transaction, so that a table is locked for its own time only. */
async function analyze(connection: pg.ClientConfig, tables: readonly string[]): Promise<void> {
  const client = new pg.Client(connection)
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query(`ANALYZE ${tables.join(', ')}`)
  } finally {
    await client.end()
  }
}
