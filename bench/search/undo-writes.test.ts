/** That a store too large to be copied is what it was, rows and index, after writes were measured in it, or only begun. */
import assert from 'node:assert/strict'
import { chmod } from 'node:fs/promises'
import { test } from 'node:test'
import { checkIndex } from '../../src/stores/search/search-index.fixture.ts'
import { postgresIsMissing } from '../../src/stores/sql/engine/postgres/postgres.fixture.ts'
import { all, type Row, type Sql } from '../../src/stores/sql/engine/statement.ts'
import { inTempFolder } from '../processes.ts'
import { ENGINES, type EngineName, openStores } from './build-store.ts'
import { type BuiltStore, DATASTORE_ID } from './built-store.ts'
import { type DataSet, dataSetOf, NOW } from './data-set.ts'
import { measureWrites } from './measure-writes.ts'

const SIZE = 300
const CAP_MS = 2_000
const TABLES = [
  'image_sets',
  'image_set_versions',
  'image_set_history',
  'instances',
  'import_jobs',
  'import_files',
  'import_groups',
]

function* rows(): Sql<Readonly<Record<string, readonly Row[]>>> {
  const found: Record<string, readonly Row[]> = {}
  for (const table of TABLES) found[table] = yield* all<Row>(`SELECT * FROM ${table} ORDER BY 1, 2`)
  return found
}

const withStore = (engine: EngineName, work: (store: () => Promise<BuiltStore>, dataSet: DataSet) => Promise<void>) =>
  inTempFolder(async (folder) => {
    await chmod(folder, 0o755)
    const stores = await openStores({ engine, cacheFolder: folder })
    const dataSet = dataSetOf(SIZE)
    try {
      await work(() => stores.store({ dataSet, progress: () => {} }), dataSet)
    } finally {
      await stores.close()
    }
  })

/** The whole store sorted by two dates, from the index. */
async function found(store: BuiltStore): Promise<readonly number[][]> {
  const catalog = await store.openCatalog()
  const pages: number[][] = []
  for (const sortField of ['createdAt', 'updatedAt'] as const) {
    const filters = [{ attribute: 'DICOMStudyDateAndTime', from: 0, to: NOW * 1_000 } as const]
    const search = { filters, sort: { sortField, sortOrder: 'ASC' } as const }
    const page = await catalog.imageSets.search({ datastoreId: DATASTORE_ID, search, limit: 2 * SIZE })
    pages.push(page.rows.map(({ rowId }) => rowId))
  }
  await catalog.close()
  return pages
}

for (const engine of ENGINES) {
  const skip = engine === 'postgres' && (postgresIsMissing ?? false)
  test(`writes measured in place on ${engine} are undone`, { skip }, () =>
    withStore(engine, async (open, dataSet) => {
      const store = await open()
      const before = { rows: await store.ask(rows()), found: await found(store) }
      assert.equal(before.found[0]!.length, SIZE)
      const times = await measureWrites({ store, dataSet, capMs: CAP_MS, copiedBytesMax: 0 })
      assert(times.update_p50_ms > 0)
      assert.deepEqual({ rows: await store.ask(rows()), found: await found(store) }, before)
      if (engine === 'sqlite') checkIndex(`${store.dataFolder}/catalog.sqlite`)
      // They can be measured again: the next image set gets the same number.
      await measureWrites({ store, dataSet, capMs: CAP_MS, copiedBytesMax: 0 })
      assert.deepEqual(await store.ask(rows()), before.rows)
      await store.close()
    }),
  )
}

test('the writes of an interrupted run are undone by the next', () =>
  withStore('sqlite', async (open, dataSet) => {
    const store = await open()
    const before = await store.ask(rows())
    const interrupted: BuiltStore = { ...store, ask: () => Promise.reject(new Error('interrupted')) }
    await assert.rejects(
      measureWrites({ store: interrupted, dataSet, capMs: CAP_MS, copiedBytesMax: 0 }),
      /interrupted/,
    )
    assert.notDeepEqual(await store.ask(rows()), before)
    const again = await open()
    assert.deepEqual(await again.ask(rows()), before)
    checkIndex(`${again.dataFolder}/catalog.sqlite`)
  }))
