/**
 * Partitions as distributed schemas of Citus: it counts the statements that are for one shard and those that are for several, which would
 * see different moments of different nodes. The suites of catalogs run there too (catalog-kinds.fixture.ts).
 */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { askCitus, citusIsMissing, openCitus } from '../../fixtures/citus.ts'
import { AT, collected, createDatastore, importFiles } from '../catalog/conformance/catalog.fixture.ts'
import { begin, claim, copyOf, describedFile, endOf, versionOf } from '../catalog/conformance/workflow.fixture.ts'
import { POSTGRES_TEST_LIMITS } from '../sql/engine/postgres/postgres.fixture.ts'
import { PostgresDatabase } from '../sql/engine/postgres/postgres-database.ts'
import { PostgresTransactions } from '../sql/engine/postgres/postgres-transactions.ts'
import { one, run } from '../sql/engine/statement.ts'
import { openServer, postgresSchemas, schemaOf } from './partitions.fixture.ts'

const PARTITIONS = 2
const STUDIES = 12

/** Whether a move waits for a read to end. */
const WAITING = `SELECT count(*)::int AS waiting FROM pg_locks
  WHERE locktype = 'advisory' AND NOT granted AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`

const citus = citusIsMissing === undefined ? await openCitus() : undefined
after(() => citus?.remove())
const skip = citusIsMissing ?? false

test('every statement of a partition is for one shard', { skip }, async (context) => {
  const url = await citus!.newDatabase()
  const { catalog } = await openServer(context, { open: postgresSchemas(url), partitions: PARTITIONS })
  const datastoreId = await createDatastore(catalog)
  const before = await citus!.countStatements(url)
  const files = Array.from({ length: STUDIES }, (_, at) =>
    describedFile(`k${10 + at}`, { study: `1.2.${at}`, patientId: `P${at % 3}`, studyDate: '20260201' }),
  )
  const made = await importFiles(catalog, { datastoreId, files })
  const again = files.map((file, at) => ({ ...file, fileKey: `l${10 + at}`, sopInstanceUID: `9.${at}` }))
  await importFiles(catalog, { datastoreId, files: again })
  const { imageSetId } = made[0]!
  const [copied] = await begin(catalog, datastoreId, copyOf(imageSetId, 2))
  const { lease } = await claim(catalog)
  const from = { imageSetId, version: 2 }
  const copy = versionOf(copied!.imageSetId, {
    attributes: { sharedWith: from },
    instances: { kind: 'added', from, sopInstanceUIDs: undefined },
  })
  assert.equal(await catalog.workflows.complete(lease, endOf([copy], AT + 9_000)), 'completed')
  assert.equal(await catalog.imageSets.delete({ datastoreId, imageSetId, at: AT + 10_000 }), 'deleted')
  const sort = { sortField: 'updatedAt', sortOrder: 'DESC' } as const
  for (const filters of [[], [{ attribute: 'DICOMPatientId', equals: 'P1' }] as const]) {
    const request = { datastoreId, search: { filters, sort }, limit: 5 }
    const { rows } = await catalog.imageSets.search(request)
    assert.ok(rows.length > 0)
    for (const row of rows) await catalog.imageSets.get({ datastoreId, imageSetId: row.imageSetId, deletedSince: AT })
  }
  assert.deepEqual(
    (await collected(catalog.searchIndex.verify())).flatMap(({ differences }) => differences),
    [],
  )
  await collected(catalog.searchIndex.rebuild())
  const counted = await citus!.countStatements(url)
  assert.ok(counted.single > before.single + 200, `${counted.single} statements were counted`)
  assert.equal(counted.multi, 0)
})

test('a read sees one moment though its partition moves and changes meanwhile', { skip }, async (context) => {
  const url = await citus!.newDatabase()
  await openServer(context, { open: postgresSchemas(url), partitions: PARTITIONS })
  const schema = schemaOf(1)
  const [place] = await askCitus<{ nodeport: number }>(
    url,
    `SELECT nodeport FROM citus_shards WHERE table_name::text = '${schema}.settings'`,
  )
  const other = new URL(citus!.workersOf(url).find((each) => new URL(each).port !== String(place!.nodeport))!)
  await askCitus(url, `INSERT INTO ${schema}.settings (name, value) VALUES ('moment', 'before')`)
  const database = new PostgresDatabase({ url, limits: POSTGRES_TEST_LIMITS })
  context.after(() => database.close())
  const reads = new PostgresTransactions(database, { schema, isDistributed: true })
  let moved: Promise<unknown> | undefined
  let isOver = false
  const seen = await reads.read(function* () {
    const before = yield* one<{ value: string }>(`SELECT value FROM settings WHERE name = 'moment'`)
    moved = askCitus(url, `SELECT citus_schema_move('${schema}', '${other.hostname}', ${other.port}, 'block_writes')`)
      .then(() => askCitus(url, `UPDATE ${schema}.settings SET value = 'after' WHERE name = 'moment'`))
      .then(() => {
        isOver = true
      })
    for (let isWaiting = false; !isWaiting && !isOver; ) {
      yield* run('SELECT pg_sleep(0.1)')
      isWaiting = (yield* one<{ waiting: number }>(WAITING))!.waiting > 0
    }
    // Another statement: the plan of the first one still has the node from which the partition has moved.
    const after = yield* one<{ value: string }>(`SELECT max(value) AS value FROM settings WHERE name = 'moment'`)
    return [before?.value, after?.value]
  })
  assert.deepEqual(seen, ['before', 'before'])
  await moved
  const after = await reads.read(() => one<{ value: string }>(`SELECT value FROM settings WHERE name = 'moment'`))
  assert.equal(after?.value, 'after')
})

test('the tables of a partition are on one node, and partitions on different ones', { skip }, async (context) => {
  const url = await citus!.newDatabase()
  await openServer(context, { open: postgresSchemas(url), partitions: PARTITIONS })
  const places = await askCitus<{ schema: string; nodes: number; node: number }>(
    url,
    `SELECT split_part(table_name::text, '.', 1) AS schema, count(DISTINCT nodeport)::int AS nodes, min(nodeport) AS node
     FROM citus_shards WHERE citus_table_type = 'schema' GROUP BY 1 ORDER BY 1`,
  )
  assert.deepEqual(
    places.map(({ schema, nodes }) => [schema, nodes]),
    Array.from({ length: PARTITIONS }, (_, at) => [schemaOf(at + 1), 1]),
  )
  assert.equal(new Set(places.map(({ node }) => node)).size, Math.min(PARTITIONS, citus!.workersOf(url).length))
})
