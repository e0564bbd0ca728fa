/** While the database or file of a partition is away, what the catalog and other partitions have goes on. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import type { Catalog } from '../catalog/catalog.ts'
import {
  AT,
  createDatastore,
  datastoreNamed,
  importFiles,
  jobNamed,
  storedFile,
  tokenOf,
  uniqueIds,
} from '../catalog/conformance/catalog.fixture.ts'
import { openSqliteCatalog } from '../sql/open-sqlite.ts'
import { StoreUnavailable } from '../store-unavailable.ts'
import { partitionedCatalog } from './partitioned-catalog.ts'

const AWAY = 2
const EVERYTHING = { filters: [], sort: { sortField: 'updatedAt', sortOrder: 'DESC' } } as const

/** Servers of the same data: `alone` has one partition for new data stores, `spread` has two. */
async function openServers(context: TestContext) {
  const newId = uniqueIds()
  const parts: Promise<Catalog>[] = []
  const part = (partition: number) => (parts[partition] ??= openSqliteCatalog({ path: ':memory:', newId, partition }))
  const place = { isAway: false }
  async function open(partition: number): Promise<Catalog> {
    if (place.isAway && partition === AWAY)
      throw new StoreUnavailable({ store: 'the catalog', reason: 'away', code: 'ECONNREFUSED' })
    return part(partition)
  }
  const control = await part(0)
  const server = (spread: number) => partitionedCatalog({ control, open, spread })
  context.after(async () => Promise.all((await Promise.all(parts)).map((each) => each.close())))
  return { place, alone: server(1), spread: () => server(2) }
}

const claimJob = ({ importJobs }: Catalog, now = AT) =>
  importJobs.claim({ owner: 'worker', now, leaseUntil: now + 1_000 })

/** As soon as it is tried again. */
async function eventually<T>(work: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof StoreUnavailable)) throw error
      await setTimeout(20)
    }
  }
}

test('a data store in the catalog is served, imports and changes', async (context) => {
  const { place, alone, spread } = await openServers(context)
  await createDatastore(spread(), 'spread')
  const datastoreId = await createDatastore(alone, 'alone')
  const server = spread()
  place.isAway = true
  assert.deepEqual(await server.awayPartitions({ timeoutMs: 1_000 }), [AWAY])
  const [made] = await importFiles(server, { datastoreId, files: [storedFile('a')] })
  assert.equal((await server.imageSets.search({ datastoreId, search: EVERYTHING, limit: 10 })).rows.length, 1)
  const begun = await server.workflows.begin({
    ...{ datastoreId, at: AT },
    request: { operation: 'DeleteImageSet', imageSetId: made!.imageSetId },
  })
  assert.equal(begun.outcome, 'begun')
  const claimed = await server.workflows.claim({ owner: 'worker', now: AT, leaseUntil: AT + 1_000 })
  assert.ok(claimed)
  await assert.rejects(server.workflows.claim({ owner: 'worker', now: AT, leaseUntil: AT + 1_000 }), StoreUnavailable)
  place.isAway = false
  assert.equal(await eventually(() => server.workflows.claim({ owner: 'w', now: AT, leaseUntil: AT + 1 })), undefined)
  assert.deepEqual(await server.awayPartitions({ timeoutMs: 1_000 }), [])
})

test('image sets of the other partitions of its data stores are found', async (context) => {
  const { place, spread } = await openServers(context)
  const before = spread()
  const datastoreId = await createDatastore(before, 'spread')
  const files = Array.from({ length: 12 }, (_, index) => storedFile(`${index}`, { study: `1.${index}` }))
  const made = await importFiles(before, { datastoreId, files })
  place.isAway = true
  const server = spread()
  const found = await Promise.all(
    made.map(({ imageSetId }) =>
      server.imageSets.instances({ datastoreId, imageSetId }).then(
        ({ length }) => length,
        (error: unknown) => {
          assert.ok(error instanceof StoreUnavailable)
          return 'away'
        },
      ),
    ),
  )
  assert.deepEqual(new Set(found), new Set([1, 'away']))
})

test('a job of a partition that is away is put back, and jobs of other data stores are claimed', async (context) => {
  const { place, alone, spread } = await openServers(context)
  const away = await createDatastore(spread(), 'spread')
  const other = await createDatastore(alone, 'alone')
  const server = spread()
  for (const [name, datastoreId] of [
    ['first', away],
    ['second', other],
  ] as const) {
    await server.importJobs.submit({ job: jobNamed(name, { datastoreId }), token: tokenOf(name) })
  }
  place.isAway = true
  const claimed = await claimJob(server)
  assert.equal(claimed?.jobName, 'second')
  await assert.rejects(server.imageSets.search({ datastoreId: away, search: EVERYTHING, limit: 10 }), StoreUnavailable)
  const lease = { jobId: claimed!.jobId, owner: 'worker' }
  await server.importJobs.finish(lease, { jobStatus: 'COMPLETED', message: undefined, endedAt: AT })
  place.isAway = false
  let now = AT
  // It is put back again while the partition is not tried.
  const later = await eventually(() => {
    now += 60_000
    return claimJob(server, now)
  })
  assert.deepEqual([later?.jobName, later?.attempt], ['first', 1])
})

test('a data store that is created meanwhile becomes active when the partition is back', async (context) => {
  const { place, spread } = await openServers(context)
  const server = spread()
  place.isAway = true
  const created = await server.datastores.create({
    datastore: datastoreNamed('late'),
    tags: {},
    token: tokenOf('late'),
  })
  assert.equal(created.outcome, 'created')
  const { datastoreId } = datastoreNamed('late')
  await assert.rejects(server.datastores.settle(datastoreId, AT), StoreUnavailable)
  assert.deepEqual(await server.datastores.unsettled(), [datastoreId])
  place.isAway = false
  await eventually(() => server.datastores.settle(datastoreId, AT))
  assert.equal((await server.datastores.get(datastoreId, { deletedSince: 0 }))?.datastoreStatus, 'ACTIVE')
  assert.equal((await server.imageSets.search({ datastoreId, search: EVERYTHING, limit: 10 })).rows.length, 0)
})
