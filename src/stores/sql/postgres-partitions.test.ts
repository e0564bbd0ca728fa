/** Catalogs in schemas of one PostgreSQL database, over the same connections. */
import assert from 'node:assert/strict'
import { after, describe, type TestContext, test } from 'node:test'
import pg from 'pg'
import { openPostgres } from '../../fixtures/shared-servers.ts'
import type { Catalog } from '../catalog/catalog.ts'
import { createDatastore, importFiles, storedFile, uniqueIds } from '../catalog/conformance/catalog.fixture.ts'
import { POSTGRES_TEST_LIMITS, postgresIsMissing } from './engine/postgres/postgres.fixture.ts'
import { PostgresDatabase } from './engine/postgres/postgres-database.ts'
import { openPostgresIn } from './open-postgres.ts'
import { NoSchema } from './schema/other-schema.ts'

const skip = postgresIsMissing ?? false
const server = postgresIsMissing === undefined ? await openPostgres() : undefined
after(() => server?.remove())

const FEW = { ...POSTGRES_TEST_LIMITS, catalogReadConnections: 2, catalogWriteConnections: 1 }
const schemaOf = (partition: number) => `hilum_00${partition}`

async function openSchemas(
  context: TestContext,
  { partitions, preparedMax = 1_000, url }: { partitions: number; preparedMax?: number; url: string },
): Promise<{ readonly database: PostgresDatabase; readonly catalogs: readonly Catalog[] }> {
  const newId = uniqueIds()
  const database = new PostgresDatabase({ url, limits: { ...FEW, catalogPreparedStatements: preparedMax } })
  const catalogs: Catalog[] = []
  context.after(async () => {
    await Promise.all(catalogs.map((catalog) => catalog.close()))
    await database.close()
  })
  for (let partition = 1; partition <= partitions; partition++) {
    catalogs.push(await openPostgresIn(database, { newId, partition, schema: schemaOf(partition) }))
  }
  return { database, catalogs }
}

/** A data store with as many image sets as the number of the catalog. */
async function fill(catalog: Catalog, number: number): Promise<string> {
  const datastoreId = await createDatastore(catalog, `store ${number}`)
  const files = Array.from({ length: number }, (_, index) => storedFile(`${index}`, { study: `1.${index}` }))
  await importFiles(catalog, { datastoreId, files })
  return datastoreId
}

async function countImageSets(catalog: Catalog, datastoreId: string): Promise<number> {
  const search = { filters: [], sort: { sortField: 'updatedAt', sortOrder: 'DESC' } } as const
  return (await catalog.imageSets.search({ datastoreId, search, limit: 100 })).rows.length
}

describe('catalogs in schemas of one database', { skip }, () => {
  test('have their own rows over the same connections, whichever was used last, and few prepared statements', async (context) => {
    const url = await server!.newDatabase()
    const preparedMax = 20
    const { database, catalogs } = await openSchemas(context, { partitions: 3, preparedMax, url })
    const ids = await Promise.all(catalogs.map((catalog, index) => fill(catalog, index + 1)))
    const numbers = catalogs.flatMap((_, index) => Array.from({ length: 5 }, () => index))
    const counts = await Promise.all(numbers.map((index) => countImageSets(catalogs[index]!, ids[index]!)))
    assert.deepEqual(
      counts,
      numbers.map((index) => index + 1),
    )
    const used = await database.reads.query(
      `SELECT 1 FROM pg_stat_activity WHERE application_name = 'hilum' AND datname = current_database()`,
    )
    assert.ok(used.rows.length <= 3, `${used.rows.length} connections`)
    for (const [index, catalog] of catalogs.entries()) {
      assert.equal(await countImageSets(catalog, ids[index]!), index + 1)
      const { rows } = await database.reads.query('SELECT count(*) AS count FROM pg_prepared_statements')
      // A search prepares some after the oldest were closed.
      assert.ok(rows[0].count > 0 && rows[0].count < 2 * preparedMax, `${rows[0].count} prepared statements`)
    }
  })

  test('leave the search path of a connection as it was', async (context) => {
    const url = await server!.newDatabase()
    const { database, catalogs } = await openSchemas(context, { partitions: 1, url })
    await countImageSets(catalogs[0]!, await fill(catalogs[0]!, 1))
    for (const pool of [database.reads, database.writes]) {
      const { rows } = await pool.query('SELECT current_schema() AS schema')
      assert.equal(rows[0].schema, 'public')
    }
  })

  test('are created by several processes at the same time', async (context) => {
    const url = await server!.newDatabase()
    const several = await Promise.all([1, 2, 3].map(() => openSchemas(context, { partitions: 2, url })))
    const datastoreId = await fill(several[0]!.catalogs[1]!, 2)
    for (const { catalogs } of several) assert.equal(await countImageSets(catalogs[1]!, datastoreId), 2)
  })

  test('are not created for reading, or where they may not be', async () => {
    const url = await server!.newDatabase()
    const database = new PostgresDatabase({ url, limits: FEW })
    for (const how of [{ readOnly: true }, { mayCreate: false }]) {
      await assert.rejects(openPostgresIn(database, { newId: uniqueIds(), schema: schemaOf(1), ...how }), NoSchema)
    }
    await database.close()
    const client = new pg.Client(url)
    await client.connect()
    const { rows } = await client.query(`SELECT 1 FROM information_schema.schemata WHERE schema_name = 'hilum_001'`)
    await client.end()
    assert.deepEqual(rows, [])
  })
})
