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

/** Without the views of extensions. */
const OWN_TABLES = `SELECT 1 FROM pg_class WHERE relkind IN ('r', 'p', 'v', 'm', 'f') AND relnamespace = current_schema()::text::regnamespace
  AND NOT EXISTS (SELECT 1 FROM pg_depend WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e')`

const MARKED_TABLE = 'schema_versions'
const markOf = (restoreId: string): string => `created by the restore ${restoreId}`

/** @returns whether the restore has created the catalog. @throws CatalogNotEmpty */
async function isCreated(client: pg.Client, { restoreId }: PostgresPlace): Promise<boolean> {
  const tables = await client.query(OWN_TABLES)
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
    const { rows } = await client.query(`SELECT max(${column}) AS greatest FROM ${table}`)
    const last = Math.max(content.counters[table] ?? 0, rows[0].greatest ?? 0)
    // On Citus in a statement of its own: with the table it would run where the table is, and not where keys are counted.
    await client.query('SELECT setval(pg_get_serial_sequence($1, $2), $3::bigint, $4)', [
      ...[table, column, Math.max(last, 1), last > 0],
    ])
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
