/** A catalog that is created from a snapshot equals the original, on both engines. */
import assert from 'node:assert/strict'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, describe, type TestContext, test } from 'node:test'
import Database from 'better-sqlite3-multiple-ciphers'
import { removeAtExit } from '../../../fixtures/remove-at-exit.ts'
import { openPostgres } from '../../../fixtures/shared-servers.ts'
import type { Catalog } from '../../catalog/catalog.ts'
import { type CatalogContent, CatalogNotEmpty } from '../../catalog/catalog-snapshot.ts'
import {
  AT,
  collected,
  createDatastore,
  importFiles,
  storedFile,
  uniqueIds,
} from '../../catalog/conformance/catalog.fixture.ts'
import { begin, claim, search, update } from '../../catalog/conformance/workflow.fixture.ts'
import { createPostgresCatalog, requireNoCatalog } from '../create-postgres.ts'
import { POSTGRES_TEST_LIMITS, postgresIsMissing } from '../engine/postgres/postgres.fixture.ts'
import { openPostgresCatalog } from '../open-postgres.ts'
import { createSqliteCatalog, openSqliteCatalog } from '../open-sqlite.ts'
import { OtherSchema } from '../schema/other-schema.ts'
import { SNAPSHOT_TABLES, TABLES_LEFT_OUT } from './snapshot-tables.ts'

interface EngineUnderTest {
  /** A place without a catalog. */
  newPlace(): Promise<string>
  open(place: string): Promise<Catalog>
  create(place: string, content: CatalogContent): Promise<void>
}

async function newPath(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'hilum-snapshot-'))
  removeAtExit(folder)
  return join(folder, 'catalog.sqlite')
}

const SQLITE: EngineUnderTest = {
  newPlace: newPath,
  open: (path) => openSqliteCatalog({ path, newId: uniqueIds() }),
  create: (path, content) => createSqliteCatalog({ path }, content),
}

const server = postgresIsMissing === undefined ? await openPostgres() : undefined
after(() => server?.remove())

const POSTGRES: EngineUnderTest = {
  newPlace: () => server!.newDatabase(),
  open: (url) => openPostgresCatalog({ url, newId: uniqueIds(), limits: POSTGRES_TEST_LIMITS }),
  create: (url, content) => createPostgresCatalog({ url, limits: POSTGRES_TEST_LIMITS }, content),
}

/** In memory, as it is read by the test. */
async function contentOf(catalog: Catalog): Promise<CatalogContent & { readonly batches: readonly unknown[] }> {
  const snapshot = await catalog.snapshot()
  try {
    const [part] = snapshot.parts
    const batches = await collected(part!.rows())
    const { engine, schemaVersion } = snapshot
    const rows = (async function* () {
      yield* batches
    })()
    return { partition: 0, engine, schemaVersion, rows, batches, counters: await part!.counters() }
  } finally {
    await snapshot.close()
  }
}

function testSnapshots({ newPlace, open, create }: EngineUnderTest): void {
  async function filled(context: TestContext) {
    const place = await newPlace()
    const catalog = await open(place)
    context.after(() => catalog.close())
    const datastoreId = await createDatastore(catalog)
    const names = Array.from({ length: 30 }, (_, at) => `f${at}`)
    const files = names.map((name, at) => storedFile(name, { study: `1.${at % 7}`, series: `1.${at % 7}.${at}` }))
    const [first] = await importFiles(catalog, { datastoreId, files })
    await update(catalog, { datastoreId, imageSetId: first!.imageSetId }, { from: 1 })
    await catalog.tags.add(
      { datastoreId, imageSetId: first!.imageSetId },
      { tags: { 'a\u0000': 'ä\u0001' }, tagsMax: 5, at: AT },
    )
    await catalog.dataKeys.add({ ownerId: datastoreId, keyArn: 'arn' })
    await catalog.dataKeys.put({ ownerId: datastoreId, wrapped: Buffer.from([0, 255, 10]), replaces: undefined })
    return { place, catalog, datastoreId, imageSetId: first!.imageSetId }
  }

  test('all rows and counters are those of the original, and searches answer the same', async (context) => {
    const { catalog, datastoreId } = await filled(context)
    const content = await contentOf(catalog)
    const place = await newPlace()
    await create(place, content)
    const restored = await open(place)
    context.after(() => restored.close())
    const again = await contentOf(restored)
    assert.deepEqual(again.batches, content.batches)
    assert.deepEqual(again.counters, content.counters)
    assert.deepEqual(await search(restored, datastoreId), await search(catalog, datastoreId))
    for await (const { differences } of restored.searchIndex.verify()) assert.deepEqual(differences, [])
  })

  test('the restored catalog goes on with keys that were never given', async (context) => {
    const { catalog, datastoreId, imageSetId } = await filled(context)
    // The workflow with the greatest key has ended, so that no row has it.
    await begin(catalog, datastoreId, { operation: 'DeleteImageSet', imageSetId })
    const { lease } = await claim(catalog)
    await catalog.workflows.completeDeletion(lease, AT + 5_000)
    const place = await newPlace()
    await create(place, await contentOf(catalog))
    const restored = await open(place)
    context.after(() => restored.close())
    const [next] = await search(restored, datastoreId)
    await begin(restored, datastoreId, { operation: 'DeleteImageSet', imageSetId: next!.imageSetId })
    const claimed = await claim(restored)
    assert.ok(claimed.lease.workflow > lease.workflow, `${claimed.lease.workflow} after ${lease.workflow}`)
    await restored.workflows.completeDeletion(claimed.lease, AT + 6_000)
    const files = [storedFile('new', { study: '1.99' })]
    const [imported] = await importFiles(restored, { datastoreId: await createDatastore(restored, 'other'), files })
    assert.ok(imported)
  })

  test('what is committed while a snapshot is read is not in it', async (context) => {
    const { catalog, datastoreId } = await filled(context)
    const before = await contentOf(catalog)
    const snapshot = await catalog.snapshot()
    await importFiles(catalog, { datastoreId, files: [storedFile('later', { study: '1.77' })] })
    const batches = await collected(snapshot.parts[0]!.rows())
    await snapshot.close()
    assert.deepEqual(batches, before.batches)
    assert.notDeepEqual((await contentOf(catalog)).batches, before.batches)
  })

  test('a place with tables is refused and not changed', async (context) => {
    const { place, catalog } = await filled(context)
    const content = await contentOf(catalog)
    await assert.rejects(create(place, { ...content, rows: (async function* () {})() }), CatalogNotEmpty)
    assert.deepEqual((await contentOf(catalog)).batches, content.batches)
  })

  test('a schema that this program does not know is refused', async (context) => {
    const { catalog } = await filled(context)
    const content = await contentOf(catalog)
    for (const schemaVersion of [1, 1_000]) {
      await assert.rejects(create(await newPlace(), { ...content, schemaVersion }), OtherSchema)
    }
  })

  test('rows that end early leave no catalog', async (context) => {
    const { catalog } = await filled(context)
    const { batches, ...content } = await contentOf(catalog)
    const place = await newPlace()
    const rows = (async function* () {
      yield* batches.slice(0, 3) as never[]
      throw new Error('the backup ended')
    })()
    await assert.rejects(create(place, { ...content, rows }), /the backup ended/)
    await create(place, { ...(await contentOf(catalog)) })
  })
}

describe('on SQLite', () => testSnapshots(SQLITE))
describe('on PostgreSQL', { skip: postgresIsMissing ?? false }, () => testSnapshots(POSTGRES))

test('a restore that is resumed leaves a catalog that it has created, and no other', {
  skip: postgresIsMissing ?? false,
}, async (context) => {
  const catalog = await openSqliteCatalog({ path: await newPath(), newId: uniqueIds() })
  context.after(() => catalog.close())
  await createDatastore(catalog)
  const place = { url: await server!.newDatabase(), limits: POSTGRES_TEST_LIMITS, schema: 'hilum_001' }
  const create = async (restoreId: string) =>
    createPostgresCatalog({ ...place, restoreId }, { ...(await contentOf(catalog)), partition: 1 })
  await requireNoCatalog(place)
  await create('a')
  await create('a')
  await requireNoCatalog({ ...place, restoreId: 'a' })
  await assert.rejects(create('b'), CatalogNotEmpty)
  await assert.rejects(requireNoCatalog(place), CatalogNotEmpty)
  const created = await openPostgresCatalog({ ...place, newId: uniqueIds(), partition: 1 })
  context.after(() => created.close())
  assert.equal((await created.statistics()).datastores.length, 1)
})

test('every table of the catalog is in the list of tables, with its primary key', async () => {
  const path = await newPath()
  await (await openSqliteCatalog({ path, newId: uniqueIds() })).close()
  const database = new Database(path, { readonly: true })
  const tables = database
    .prepare(`SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid`)
    .all() as { readonly name: string }[]
  const found = tables
    .map(({ name }) => ({
      table: name,
      key: (database.pragma(`table_info(${name})`) as { name: string; pk: number }[])
        .filter(({ pk }) => pk > 0)
        .sort((a, b) => a.pk - b.pk)
        .map((column) => column.name),
    }))
    .filter(({ table }) => !TABLES_LEFT_OUT.includes(table))
  database.close()
  assert.deepEqual(found, SNAPSHOT_TABLES)
})
