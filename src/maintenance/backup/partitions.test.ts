/** Backups of an archive with partitions, on each engine, also while jobs publish. */
import assert from 'node:assert/strict'
import { after, describe, type TestContext, test } from 'node:test'
import type { ImportApp } from '../../app.ts'
import { citusIsMissing, openCitus } from '../../fixtures/citus.ts'
import { openPostgres } from '../../fixtures/shared-servers.ts'
import { submitJob, untilEnded, withBuckets } from '../../ingest/import-job.fixture.ts'
import { startImportWorker } from '../../jobs/import-worker.ts'
import {
  appIn,
  imageSetIdsOf,
  importInstances,
  instanceOf,
  newDataFolder,
} from '../../jobs/imported-instances.fixture.ts'
import { appOver, perform } from '../../jobs/workflows.fixture.ts'
import { openMemoryLocations } from '../../stores/blobs/memory/memory-locations.ts'
import { postgresIsMissing } from '../../stores/sql/engine/postgres/postgres.fixture.ts'
import { collectGarbage } from '../collect-garbage.ts'
import { differencesIn } from '../verify/verify.fixture.ts'
import { backUp, bytesOf, newPlace, restored, rowsOf } from './backup.fixture.ts'
import { listManifests } from './kept-files.ts'

const HOUR_MS = 3_600_000

interface EngineUnderTest {
  readonly partitions: number
  readonly isFile?: boolean
  /** Undefined: a file in the data folder. */
  newCatalog(): Promise<string | undefined>
  /** On the other engine. */
  newOther(): Promise<string | undefined>
}

const instances = (studies: readonly number[]) =>
  studies.flatMap((study) => [1, 2].map((number) => ({ study, series: 1, number })))

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, at) => from + at)

function testBackups({ partitions, isFile = false, newCatalog, newOther }: EngineUnderTest): void {
  async function opened(context: TestContext): Promise<ImportApp> {
    const [folder, catalog] = [await newDataFolder(context), await newCatalog()]
    return appIn(context, folder, { partitions, ...(catalog !== undefined && { catalog }) })
  }

  const restoredFrom = async (context: TestContext, place: Parameters<typeof restored>[1], backupId?: string) =>
    restored(context, place, backupId, await newCatalog())

  test('all partitions are restored with the same rows and bytes, and each backup by itself', async (context) => {
    const app = await opened(context)
    const datastoreId = await importInstances(app, instances(range(1, 9)))
    const { place } = await newPlace()
    const first = await backUp(app, place)
    const before = await rowsOf(app)
    await importInstances(app, instances(range(9, 13)), datastoreId)
    const [imageSetId] = (await imageSetIdsOf(app, datastoreId)).values()
    await perform(appOver(app), { name: 'delete', of: { datastoreId, imageSetId: imageSetId! } })
    const second = await backUp(app, place)
    assert.equal(second.faultCount, 0)
    assert.ok(second.copiedBlobs < second.blobs, 'the first backup had some of the blobs')
    const [manifest] = await listManifests(place)
    const sizes = manifest!.catalogs.map(({ rows }) => rows.image_sets ?? 0)
    assert.deepEqual([sizes.length, sizes[0], sizes.reduce((a, b) => a + b)], [partitions + 1, 0, 8])
    assert.ok(sizes.filter((size) => size > 0).length > 1, 'studies are in several partitions')
    // Databases cost seconds.
    if (isFile) assert.deepEqual(await rowsOf(await restoredFrom(context, place, first.backupId)), before)
    const again = await restoredFrom(context, place)
    assert.deepEqual(await rowsOf(again), await rowsOf(app))
    assert.deepEqual(await bytesOf(again), await bytesOf(app))
    assert.deepEqual(await differencesIn(again), [])
    await importInstances(again, instances(range(13, 17)), datastoreId)
    assert.equal((await imageSetIdsOf(again, datastoreId)).size, 12 - 1 + 4)
  })

  test('a job that runs during a backup goes on in the restored archive, and imports each instance once', async (context) => {
    const app = await opened(context)
    const locations = openMemoryLocations()
    locations.createBucket('out-bucket')
    const bucket = locations.createBucket('in-bucket')
    const wanted = instances(range(1, 13))
    for (const [at, instance] of wanted.entries())
      await bucket.put(`${String(at).padStart(3, '0')}.dcm`, instanceOf(instance))
    const job = await submitJob(app.catalog)
    const { datastoreId } = job
    const worker = startImportWorker(withBuckets(app, locations))
    while (((await app.catalog.importJobs.get(job))?.filesDone ?? 0) === 0)
      await new Promise((resolve) => setTimeout(resolve, 1))
    const { place } = await newPlace()
    const report = await backUp(app, place)
    assert.equal((await untilEnded(app.catalog, job)).jobStatus, 'COMPLETED')
    await worker.stop()
    assert.equal(report.faultCount, 0)

    const again = await restoredFrom(context, place)
    assert.deepEqual(await differencesIn(again), [])
    assert.equal((await again.catalog.importJobs.get(job))?.jobStatus, 'IN_PROGRESS', 'the backup began in the middle')
    await again.catalog.importJobs.expireLeases([], Date.now())
    const resumed = startImportWorker(withBuckets({ ...again, clock: () => Date.now() + HOUR_MS }, locations))
    const ended = await untilEnded(again.catalog, job)
    await resumed.stop()
    assert.deepEqual([ended.jobStatus, ended.filesDone], ['COMPLETED', wanted.length])
    const sops = async (archive: ImportApp) => [...(await imageSetIdsOf(archive, datastoreId)).keys()].toSorted()
    assert.deepEqual(await sops(again), await sops(app))
    const everything = { filters: [], sort: { sortField: 'createdAt', sortOrder: 'ASC' } } as const
    const { rows } = await again.catalog.imageSets.search({ datastoreId, search: everything, limit: 100 })
    assert.equal(rows.length, 12)
    assert.deepEqual(await differencesIn(again), [])
  })

  test('an archive is restored on the other engine, with an index of its size', {
    skip: postgresIsMissing ?? false,
  }, async (context) => {
    const app = await opened(context)
    const datastoreId = await importInstances(app, instances(range(1, 9)))
    const { place } = await newPlace()
    await backUp(app, place)
    const again = await restored(context, place, undefined, await newOther())
    const withoutIndex = async (archive: ImportApp) =>
      (await rowsOf(archive))
        .filter(({ table }) => !table.startsWith('search_') && table !== 'changes')
        .map(({ table, columns, rows }) => ({ table, columns, rows }))
    assert.deepEqual(await withoutIndex(again), await withoutIndex(app))
    assert.deepEqual(await bytesOf(again), await bytesOf(app))
    assert.deepEqual(await differencesIn(again), [])
    const everything = { filters: [], sort: { sortField: 'createdAt', sortOrder: 'ASC' } } as const
    const found = async (archive: ImportApp) =>
      (await archive.catalog.imageSets.search({ datastoreId, search: everything, limit: 100 })).rows
    assert.deepEqual(await found(again), await found(app))
    await importInstances(again, instances(range(9, 11)), datastoreId)
    assert.equal((await found(again)).length, 10)
  })

  // The same on all engines.
  if (isFile)
    test('bytes that are deleted while a backup runs stay until it ends', async (context) => {
      const app = await opened(context)
      const datastoreId = await importInstances(app, instances(range(1, 5)))
      const { place } = await newPlace()
      const before = await rowsOf(app)
      const inAnHour = { ...app, clock: () => Date.now() + HOUR_MS / 12 + 60_000 }
      let collected: number | undefined
      const deleteAll = async () => {
        for (const imageSetId of (await imageSetIdsOf(app, datastoreId)).values())
          await perform(appOver(app), { name: 'delete', of: { datastoreId, imageSetId } })
        collected = await collectGarbage(inAnHour)
      }
      let deleted: Promise<void> | undefined
      // At its first blob, after the snapshot.
      const storedBlobs: ImportApp['blobs'] = {
        ...app.blobs,
        async open(key, range) {
          deleted ??= deleteAll()
          await deleted
          return app.blobs.open(key, range)
        },
      }
      const report = await backUp({ ...app, blobs: storedBlobs }, place)
      assert.deepEqual([report.faultCount, collected], [0, 0])
      const again = await restoredFrom(context, place)
      assert.deepEqual(await rowsOf(again), before)
      assert.deepEqual(await differencesIn(again), [])
      assert.ok((await collectGarbage({ ...app, clock: () => Date.now() + HOUR_MS })) > 0, 'after the backup')
    })
}

const server = postgresIsMissing === undefined ? await openPostgres() : undefined
after(() => server?.remove())
const citus = citusIsMissing === undefined ? await openCitus() : undefined
after(() => citus?.remove())

describe('on two partitions of Citus', { skip: citusIsMissing ?? false }, () =>
  testBackups({ partitions: 2, newCatalog: () => citus!.newDatabase(), newOther: async () => undefined }),
)
describe('on two partitions of SQLite', () =>
  testBackups({
    partitions: 2,
    isFile: true,
    newCatalog: async () => undefined,
    newOther: () => server!.newDatabase(),
  }))
describe('on four partitions of PostgreSQL', { skip: postgresIsMissing ?? false }, () =>
  testBackups({ partitions: 4, newCatalog: () => server!.newDatabase(), newOther: async () => undefined }),
)
