/** Outages of PostgreSQL: methods throw StoreUnavailable meanwhile, no durable write is lost, and nothing needs a restart. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { after, describe, type TestContext, test } from 'node:test'
import pg from 'pg'
import type { Catalog } from '../catalog/catalog.ts'
import {
  AT,
  collected,
  createDatastore,
  failedFile,
  jobNamed,
  publishAll,
  record,
  startJob,
  storedFile,
  tokenOf,
  uniqueIds,
} from '../catalog/conformance/catalog.fixture.ts'
import { StoreUnavailable, type UnavailableReason } from '../store-unavailable.ts'
import { POSTGRES_TEST_LIMITS, postgresIsMissing, startPostgres } from './engine/postgres/postgres.fixture.ts'
import { openPostgresCatalog } from './open-postgres.ts'

const server = postgresIsMissing === undefined ? await startPostgres() : undefined
after(() => server?.remove())

async function openAt(context: TestContext, url: string, limits = POSTGRES_TEST_LIMITS): Promise<Catalog> {
  const catalog = await openPostgresCatalog({ url, newId: uniqueIds(), limits })
  context.after(() => catalog.close())
  return catalog
}

const unavailable = (reason: UnavailableReason) => (error: unknown) => {
  assert.ok(error instanceof StoreUnavailable, String(error))
  assert.equal(error.reason, reason)
  return true
}

describe('a server that is killed', { skip: postgresIsMissing ?? false }, () => {
  test('every method throws StoreUnavailable, and works again after a restart, with all durable writes', async (context) => {
    const catalog = await openAt(context, await server!.newDatabase())
    const datastoreId = await createDatastore(catalog)
    const lease = await startJob(catalog, { datastoreId })
    await record(catalog, lease, [storedFile('a')])
    await server!.kill()
    const search = { filters: [], sort: { sortField: 'updatedAt', sortOrder: 'DESC' } } as const
    const asked = [
      () => catalog.checkWritable(),
      () => catalog.imageSets.search({ datastoreId, search, limit: 1 }),
      () => catalog.importJobs.submit({ job: jobNamed('new', { datastoreId }), token: tokenOf('new') }),
      () => publishAll(catalog, lease, AT),
    ]
    for (const ask of asked) await assert.rejects(ask, unavailable('away'))
    await server!.start()
    await catalog.checkWritable()
    await record(catalog, lease, [storedFile('b')])
    assert.equal((await publishAll(catalog, lease, AT)).length, 1)
    assert.equal((await catalog.imageSets.search({ datastoreId, search, limit: 10 })).rows.length, 1)
  })

  test('during an import keeps every recorded batch, and no partial one', async (context) => {
    const catalog = await openAt(context, await server!.newDatabase())
    const lease = await startJob(catalog, { datastoreId: await createDatastore(catalog) })
    const BATCH = 20
    const batch = (count: number) =>
      Array.from({ length: BATCH }, (_, index) =>
        failedFile(`k${String(count).padStart(5, '0')}.${String(index).padStart(2, '0')}`),
      )
    let answered = 0
    let killed: Promise<void> | undefined
    await assert.rejects(async () => {
      for (let count = 0; count < 10_000; count++) {
        await record(catalog, lease, batch(count))
        answered += 1
        if (answered === 25) killed = server!.kill()
      }
    }, unavailable('away'))
    await killed
    await server!.start()
    const lines = await collected(catalog.importJobs.reportLines(lease.jobId))
    assert.equal(lines.length % BATCH, 0)
    // The last batch may have been committed although the call failed.
    const batches = lines.length / BATCH
    assert.ok(batches === answered || batches === answered + 1, `${batches} batches for ${answered} answers`)
  })

  test('a server that does not run cannot be opened', async () => {
    const url = 'postgres://hilum@127.0.0.1:1/hilum'
    await assert.rejects(
      openPostgresCatalog({ url, newId: uniqueIds(), limits: POSTGRES_TEST_LIMITS }),
      unavailable('away'),
    )
  })

  test('a server that takes a connection and does not answer cannot be opened', async (context) => {
    const silent = createServer().listen(0, '127.0.0.1')
    context.after(() => silent.close())
    await once(silent, 'listening')
    const { port } = silent.address() as AddressInfo
    await assert.rejects(
      openPostgresCatalog({
        url: `postgres://hilum@127.0.0.1:${port}/hilum`,
        newId: uniqueIds(),
        limits: { ...POSTGRES_TEST_LIMITS, catalogConnectTimeoutMs: 200 },
      }),
      unavailable('away'),
    )
  })
})

describe('an unusable database', { skip: postgresIsMissing ?? false }, () => {
  test('is reported with its reason, without the address or the password', async () => {
    const url = new URL(await server!.newDatabase())
    const absent = new URL(url)
    absent.pathname = '/absent'
    const stranger = new URL(url)
    stranger.username = 'stranger'
    stranger.password = 'SECRET'
    for (const [at, reason] of [
      [absent, 'away'],
      [stranger, 'access'],
    ] as const) {
      await assert.rejects(
        openPostgresCatalog({ url: at.href, newId: uniqueIds(), limits: POSTGRES_TEST_LIMITS }),
        (error: Error) => {
          unavailable(reason)(error)
          assert.ok(!JSON.stringify({ ...error, stack: error.stack, cause: error.cause }).includes('SECRET'))
          return true
        },
      )
    }
  })

  test('a read-only database is distinguished from one that is away', async (context) => {
    const url = await server!.newDatabase()
    const catalog = await openAt(context, url)
    const client = new pg.Client(url)
    await client.connect()
    await client.query(`ALTER DATABASE ${new URL(url).pathname.slice(1)} SET default_transaction_read_only = on`)
    await client.end()
    // New connections are read-only.
    await assert.rejects(catalog.checkWritable(), unavailable('read-only'))
  })

  test('a statement that waits too long for a lock ends, while reads continue', async (context) => {
    const url = await server!.newDatabase()
    const catalog = await openAt(context, url, { ...POSTGRES_TEST_LIMITS, catalogStatementTimeoutMs: 300 })
    const datastoreId = await createDatastore(catalog)
    const client = new pg.Client(url)
    await client.connect()
    context.after(() => client.end())
    await client.query('BEGIN; UPDATE creations SET only_row = only_row')
    const [write, read] = await Promise.allSettled([
      catalog.checkWritable(),
      catalog.datastores.get(datastoreId, { deletedSince: 0 }),
    ])
    assert.equal(read.status, 'fulfilled')
    assert.equal(write.status === 'rejected' && unavailable('busy')(write.reason), true)
    await client.query('ROLLBACK')
    await catalog.checkWritable()
  })
})
