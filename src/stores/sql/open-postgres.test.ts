/** The catalog on PostgreSQL: the conformance suite, and tests of a shared database. */
import assert from 'node:assert/strict'
import { after, describe, type TestContext, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import pg from 'pg'
import { openPostgres } from '../../fixtures/shared-servers.ts'
import { positionOf } from '../../imaging/search/search.ts'
import type { Catalog } from '../catalog/catalog.ts'
import { describeCatalog, type OpenContext } from '../catalog/conformance/catalog.conformance.ts'
import {
  AT,
  collected,
  createDatastore,
  documentsOf,
  failedFile,
  importFiles,
  jobNamed,
  publishAll,
  record,
  startJob,
  storedFile,
  tokenOf,
  uniqueIds,
} from '../catalog/conformance/catalog.fixture.ts'
import type { Lease } from '../catalog/import-job-repository.ts'
import { EmptiedDatabases } from './engine/postgres/emptied-databases.fixture.ts'
import { POSTGRES_TEST_LIMITS, postgresIsMissing } from './engine/postgres/postgres.fixture.ts'
import { openPostgresCatalog } from './open-postgres.ts'
import { NewerSchema, UnreleasedSchema } from './schema/other-schema.ts'

const skip = postgresIsMissing
const server = skip === undefined ? await openPostgres() : undefined
after(() => server?.remove())

const newUrl = () => server!.newDatabase()

async function openAt(context: OpenContext, url: string): Promise<Catalog> {
  const catalog = await openPostgresCatalog({ url, newId: uniqueIds(), limits: POSTGRES_TEST_LIMITS })
  context.after(() => catalog.close())
  return catalog
}

async function connectedTo(context: TestContext, url: string): Promise<pg.Client> {
  const client = new pg.Client(url)
  await client.connect()
  context.after(() => client.end())
  return client
}

const databases = new EmptiedDatabases(newUrl)

async function openEmpty(context: OpenContext): Promise<Catalog> {
  const url = await databases.take()
  const catalog = await openPostgresCatalog({ url, newId: uniqueIds(), limits: POSTGRES_TEST_LIMITS })
  context.after(async () => {
    await catalog.close()
    databases.giveBack(url)
  })
  return catalog
}

describeCatalog('a catalog on PostgreSQL', openEmpty, { ...(skip !== undefined && { skip }) })

const EVERYTHING = { filters: [], sort: { sortField: 'updatedAt', sortOrder: 'DESC' } } as const

async function countImageSets(catalog: Catalog, datastoreId: string): Promise<number> {
  return (await catalog.imageSets.search({ datastoreId, search: EVERYTHING, limit: 10_000 })).rows.length
}

const key = (index: number) => `k${String(index).padStart(4, '0')}`

describe('catalogs that share a database', { skip: skip ?? false }, () => {
  test('can open a new database at the same time', async (context) => {
    const url = await newUrl()
    const catalogs = await Promise.all([1, 2, 3, 4].map(() => openAt(context, url)))
    const secrets = await Promise.all(catalogs.map((catalog) => catalog.secret('tokens')))
    for (const secret of secrets) assert.deepEqual(secret, secrets[0])
  })

  test('see at once what another has written', async (context) => {
    const url = await newUrl()
    const [one, other] = [await openAt(context, url), await openAt(context, url)]
    const datastoreId = await createDatastore(one)
    assert.equal(await countImageSets(other, datastoreId), 0)
    const [made] = await importFiles(one, { datastoreId, files: [storedFile('a')] })
    assert.equal(await countImageSets(other, datastoreId), 1)
    assert.equal(await other.imageSets.delete({ datastoreId, imageSetId: made!.imageSetId, at: AT }), 'deleted')
    assert.equal(await countImageSets(one, datastoreId), 0)
  })

  test('publish into one data store while a change of another is under way', async (context) => {
    const url = await newUrl()
    const limits = { ...POSTGRES_TEST_LIMITS, catalogStatementTimeoutMs: 120_000 }
    const catalog = await openPostgresCatalog({ url, newId: uniqueIds(), limits })
    context.after(() => catalog.close())
    const [datastoreId, other] = [await createDatastore(catalog), await createDatastore(catalog, 'other')]
    const [lease, otherLease] = [
      await startJob(catalog, { datastoreId, name: 'one' }),
      await startJob(catalog, { datastoreId: other, name: 'two' }),
    ]
    await record(catalog, lease, [storedFile('a')])
    await record(catalog, otherLease, [storedFile('a', { blobKey: 'blob of another job' })])
    const client = await connectedTo(context, url)
    await client.query('BEGIN')
    await client.query(
      'UPDATE changes SET number = number WHERE datastore = (SELECT datastore FROM datastores WHERE datastore_id = $1)',
      [datastoreId],
    )
    let isPublished = false
    const waiting = publishAll(catalog, lease, AT).then(() => {
      isPublished = true
    })
    await publishAll(catalog, otherLease, AT)
    assert.equal(await countImageSets(catalog, other), 1)
    assert.equal(isPublished, false, 'a change of the same data store waits')
    await client.query('ROLLBACK')
    await waiting
    assert.equal(await countImageSets(catalog, datastoreId), 1)
  })

  test('claim each job once', async (context) => {
    const url = await newUrl()
    const catalogs = await Promise.all([1, 2, 3, 4].map(() => openAt(context, url)))
    const datastoreId = await createDatastore(catalogs[0]!)
    const names = Array.from({ length: 30 }, (_, index) => `job ${index}`)
    for (const name of names) {
      await catalogs[0]!.importJobs.submit({ job: jobNamed(name, { datastoreId }), token: tokenOf(name) })
    }
    const claimed: (string | undefined)[] = []
    await Promise.all(
      catalogs.map(async (catalog, index) => {
        for (;;) {
          const job = await catalog.importJobs.claim({ owner: `w${index}`, now: AT, leaseUntil: AT + 1 })
          if (job === undefined) return
          claimed.push(job.jobName)
        }
      }),
    )
    assert.deepEqual(claimed.sort(), names.sort())
  })

  test('import parts of one study at once: one primary image set for each series, no instance lost', async (context) => {
    const url = await newUrl()
    const catalogs = await Promise.all([1, 2, 3].map(() => openAt(context, url)))
    const datastoreId = await createDatastore(catalogs[0]!)
    const leases: Lease[] = []
    for (const [index, catalog] of catalogs.entries()) {
      leases.push(await startJob(catalog, { datastoreId, name: `job ${index}`, owner: `worker ${index}` }))
    }
    const SERIES = 10
    await Promise.all(
      catalogs.map(async (catalog, worker) => {
        const files = Array.from({ length: SERIES }, (_, series) =>
          storedFile(key(series), { series: `1.2.3.${series}`, sop: `1.2.3.${series}.${worker}` }),
        )
        for (const file of files) await record(catalog, leases[worker]!, [file])
        await publishAll(catalog, leases[worker]!, AT)
      }),
    )
    const { rows } = await catalogs[0]!.imageSets.search({ datastoreId, search: EVERYTHING, limit: 100 })
    assert.deepEqual(
      rows.map(({ version, isPrimary }) => [version, isPrimary]),
      Array.from({ length: SERIES }, () => [catalogs.length, true]),
    )
    for (const { imageSetId } of rows) {
      const instances = await catalogs[0]!.imageSets.instances({ datastoreId, imageSetId })
      assert.equal(instances.length, catalogs.length)
    }
  })

  test('carry out once a request that is sent to several of them', async (context) => {
    const url = await newUrl()
    const catalogs = await Promise.all([1, 2, 3].map(() => openAt(context, url)))
    const datastoreId = await createDatastore(catalogs[0]!)
    const outcomes = await Promise.all(
      catalogs.map((catalog, index) =>
        catalog.importJobs.submit({ job: jobNamed(`try ${index}`, { datastoreId }), token: tokenOf('t') }),
      ),
    )
    assert.deepEqual(outcomes.map(({ outcome }) => outcome).sort(), ['repeated', 'repeated', 'submitted'])
    assert.equal((await collectedJobs(catalogs[0]!, datastoreId)).length, 1)
  })

  test('never delete a data store for which another starts a job', async (context) => {
    const url = await newUrl()
    const [one, other] = [await openAt(context, url), await openAt(context, url)]
    for (let round = 0; round < 20; round++) {
      const datastoreId = await createDatastore(one, `store ${round}`)
      const [deletion, submission] = await Promise.all([
        one.datastores.beginDelete(datastoreId, AT),
        other.importJobs.submit({ job: jobNamed(`job ${round}`, { datastoreId }), token: tokenOf(`${round}`) }),
      ])
      const together = `${deletion}, ${submission.outcome}`
      assert.ok(['deleting, datastore-not-active', 'import-running, submitted'].includes(together), together)
    }
  })

  test('return all pages from the snapshot of the first, while others publish and extend', async (context) => {
    const url = await newUrl()
    const [reader, ...writers] = await Promise.all([1, 2, 3].map(() => openAt(context, url)))
    const datastoreId = await createDatastore(reader!)
    const file = (index: number, values = {}) =>
      storedFile(key(index), { study: `1.${index}`, series: `1.${index}.1`, ...values })
    const files = Array.from({ length: 120 }, (_, index) => file(index))
    const before = (await importFiles(reader!, { datastoreId, files })).map((made) => made.imageSetId)
    const leases: Lease[] = []
    for (const [index, catalog] of writers.entries()) {
      leases.push(await startJob(catalog, { datastoreId, name: `writes ${index}`, owner: `writer ${index}` }))
    }
    const LIMIT = 5
    const search = { filters: [], sort: { sortField: 'updatedAt', sortOrder: 'ASC' } } as const
    const pageAfter = (place: object) => reader!.imageSets.search({ datastoreId, search, limit: LIMIT, ...place })
    let page = await pageAfter({})
    let written = 0
    let isReading = true
    const writing = writers.map(async (catalog, writer) => {
      for (let count = 0; isReading; count++) {
        // Half extend image sets, half create them.
        const index = count % 2 === 0 ? (count * 7 + writer) % files.length : 1_000 + count * 2 + writer
        const next = { ...file(index), key: `w${String(count).padStart(6, '0')}` }
        await record(catalog, leases[writer]!, [next])
        await publishAll(catalog, leases[writer]!, AT + 1 + count)
        written += 1
      }
    })
    const seen = page.rows.map((row) => row.imageSetId)
    while (page.rows.length === LIMIT && seen.length <= before.length) {
      const sofar = written
      while (written === sofar) await setImmediate()
      page = await pageAfter({ after: positionOf(search, page.rows.at(-1)!), snapshotVersion: page.snapshotVersion })
      seen.push(...page.rows.map((row) => row.imageSetId))
    }
    isReading = false
    await Promise.all(writing)
    assert.deepEqual(seen, before)
  })

  test('a second one claims a job after its lease expired, and resumes it', async (context) => {
    const url = await newUrl()
    const [one, other] = [await openAt(context, url), await openAt(context, url)]
    const datastoreId = await createDatastore(one)
    const lease = await startJob(one, { datastoreId })
    await record(one, lease, [storedFile('a'), failedFile('b')])
    assert.equal(await other.importJobs.claim({ owner: 'heir', now: AT, leaseUntil: AT }), undefined)
    const job = await other.importJobs.claim({ owner: 'heir', now: AT + 30_000, leaseUntil: AT + 60_000 })
    assert.deepEqual([job?.jobId, job?.filesDone], [lease.jobId, 2])
    assert.equal(await other.importJobs.lastRecordedKey(lease.jobId), 'b')
    await assert.rejects(record(one, lease, [storedFile('c')]), { name: 'LeaseLost' })
    const heir = { jobId: lease.jobId, owner: 'heir' }
    await record(other, heir, [storedFile('c')])
    await publishAll(other, heir, AT)
    assert.deepEqual(
      (await collected(one.importJobs.reportLines(lease.jobId))).map((line) => line.key),
      ['a', 'b', 'c'],
    )
  })

  test('one of many concurrent transactions fails alone', async (context) => {
    const url = await newUrl()
    const catalog = await openAt(context, url)
    const lease = await startJob(catalog, { datastoreId: await createDatastore(catalog) })
    await record(
      catalog,
      lease,
      [1, 2, 3].map((index) => storedFile(key(index), { series: `1.2.${index}` })),
    )
    const groups = await catalog.importJobs.unpublishedGroups(lease.jobId, 10)
    const unknown = { ...groups[0]!, groupId: 99 }
    const asked = [groups[0]!, unknown, groups[1]!, groups[2]!]
    const [documents] = await documentsOf(catalog, lease, groups)
    const outcomes = await Promise.allSettled(
      asked.map((group) => catalog.importJobs.publish(lease, [group], AT, documents!)),
    )
    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
    )
    assert.deepEqual(await catalog.importJobs.unpublishedGroups(lease.jobId, 10), [])
  })
})

async function collectedJobs(catalog: Catalog, datastoreId: string) {
  return catalog.importJobs.list({ datastoreId, status: undefined, submittedSince: 0, after: undefined, limit: 10 })
}

describe('on PostgreSQL', { skip: skip ?? false }, () => {
  test('a database that a newer program has written is refused', async (context) => {
    const url = await newUrl()
    await openAt(context, url)
    await (await connectedTo(context, url)).query('INSERT INTO schema_versions (version) VALUES (99)')
    await assert.rejects(openAt(context, url), NewerSchema)
  })

  test('a database that a commit before version 0.1.0 has written is refused', async (context) => {
    const url = await newUrl()
    const client = await connectedTo(context, url)
    await client.query('CREATE TABLE schema_versions (version BIGINT PRIMARY KEY)')
    await client.query('INSERT INTO schema_versions (version) VALUES (1), (9)')
    await assert.rejects(openAt(context, url), UnreleasedSchema)
    const { rows } = await client.query(`SELECT relname FROM pg_class WHERE relname = 'image_sets'`)
    assert.deepEqual(rows, [])
  })

  test('a NUL in a text is stored and found, and texts are ordered by bytes', async (context) => {
    const catalog = await openAt(context, await newUrl())
    const datastoreId = await createDatastore(catalog)
    const lease = await startJob(catalog, { datastoreId })
    const keys = ['a', 'a\0', 'a\x01', 'a\x02', 'B', 'b', 'ä', '\uff61', '😀'].sort((a, b) =>
      Buffer.compare(Buffer.from(a), Buffer.from(b)),
    )
    await record(catalog, lease, keys.map(failedFile))
    const lines = await collected(catalog.importJobs.reportLines(lease.jobId))
    assert.deepEqual(
      lines.map((line) => line.key),
      keys,
    )
    assert.equal(await catalog.importJobs.lastRecordedKey(lease.jobId), keys.at(-1))
  })

  test('an error contains no values of the statement', async (context) => {
    const catalog = await openAt(context, await newUrl())
    const lease = await startJob(catalog, { datastoreId: await createDatastore(catalog) })
    await record(catalog, lease, [failedFile('SECRET^NAME')])
    await assert.rejects(record(catalog, lease, [failedFile('SECRET^NAME')]), (error: Error) => {
      assert.match(error.message, /^PostgreSQL refused a statement \(23505, import_files/)
      assert.ok(!JSON.stringify({ ...error, stack: error.stack, cause: error.cause }).includes('SECRET'))
      return true
    })
  })
})
