/** An outage of PostgreSQL at any call of an import job: the job is released, retried, and completes. */
import assert from 'node:assert/strict'
import { after, describe, type TestContext, test } from 'node:test'
import { submitJob, testApp, untilEnded } from '../ingest/import-job.fixture.ts'
import { differencesIn } from '../maintenance/verify/verify.fixture.ts'
import { newId } from '../server/new-id.ts'
import { readAll } from '../stores/blobs/blob-store.ts'
import { openMemoryBlobs } from '../stores/blobs/memory/memory-blobs.ts'
import { openMemoryLocations } from '../stores/blobs/memory/memory-locations.ts'
import type { Catalog } from '../stores/catalog/catalog.ts'
import { collected } from '../stores/catalog/conformance/catalog.fixture.ts'
import type { ImportJobs } from '../stores/catalog/import-job-repository.ts'
import {
  POSTGRES_TEST_LIMITS,
  postgresIsMissing,
  startPostgres,
} from '../stores/sql/engine/postgres/postgres.fixture.ts'
import { cutting, firstCalls, killing, type Outage } from '../stores/sql/engine/postgres/postgres-outage.fixture.ts'
import { openPostgresCatalog } from '../stores/sql/open-postgres.ts'
import { startImportWorker } from './import-worker.ts'
import { imageSetIdsOf, instanceOf } from './imported-instances.fixture.ts'

const server = postgresIsMissing === undefined ? await startPostgres() : undefined
after(() => server?.remove())

/** The repository methods during which the catalog is unavailable. */
const POINTS = {
  'counting its files': 'setFilesFound',
  'finding where it resumes': 'lastRecordedKey',
  'recording files': 'record',
  'reading its groups': 'unpublishedGroups',
  'writing documents': 'nextVersions',
  'publishing image sets': 'publish',
  'reading the lines of its report': 'reportLines',
  'reading the image sets of its report': 'generatedImageSets',
  ending: 'finish',
} as const satisfies Record<string, keyof ImportJobs>

type Method = (typeof POINTS)[keyof typeof POINTS]

function withOutage(catalog: Catalog, method: Method, outage: Outage): Catalog {
  const { importJobs } = catalog
  const call = importJobs[method] as (...args: unknown[]) => unknown
  const isIterable = method === 'reportLines' || method === 'generatedImageSets'
  const inOutage = isIterable
    ? async function* (...args: unknown[]) {
        // The report has a few lines, which are read in one batch.
        yield* await outage(() => collected(call.apply(importJobs, args) as AsyncIterable<unknown>))
      }
    : (...args: unknown[]) => outage(() => call.apply(importJobs, args) as Promise<unknown>)
  return { ...catalog, importJobs: { ...importJobs, [method]: inOutage } }
}

async function importDuring(context: TestContext, url: string, { method, outage }: { method: Method; outage: Outage }) {
  const catalog = await openPostgresCatalog({ url, newId, limits: POSTGRES_TEST_LIMITS })
  context.after(() => catalog.close())
  const locations = openMemoryLocations()
  const output = locations.createBucket('out-bucket')
  const input = locations.createBucket('in-bucket')
  for (const number of [1, 2, 3, 4]) {
    await input.put(`${number}.dcm`, instanceOf({ series: number % 2, number }))
  }
  await input.put('bad.txt', Buffer.from('no DICOM'))
  const app = testApp({ catalog, blobs: openMemoryBlobs(), locations }, { limits: { importFilesPerBatch: 2 } })
  const job = await submitJob(catalog)
  const attempts: number[] = []
  const unreliable = withOutage(catalog, method, outage)
  const { claim } = catalog.importJobs
  const worker = startImportWorker({
    ...app,
    catalog: {
      ...unreliable,
      importJobs: {
        ...unreliable.importJobs,
        async claim(request) {
          const claimed = await claim(request)
          if (claimed !== undefined) attempts.push(claimed.attempt)
          return claimed
        },
      },
    },
  })
  const ended = await untilEnded(
    { ...catalog, importJobs: { ...catalog.importJobs, get: (of) => catalog.importJobs.get(of).catch(() => job) } },
    job,
  )
  await worker.stop()
  const report = await output.open(`${job.jobId}/job-output-manifest.json`)
  const { jobSummary } = JSON.parse(Buffer.from(await readAll(report!)).toString())
  return { app, job, ended, attempts, jobSummary }
}

async function assertComplete({ app, job, ended, attempts, jobSummary }: Awaited<ReturnType<typeof importDuring>>) {
  assert.equal(ended.jobStatus, 'COMPLETED', ended.message)
  assert.deepEqual(
    [jobSummary.numberOfImportedFiles, jobSummary.numberOfFilesWithCustomerError],
    [4, 1],
    'every file is imported, and only the invalid one is a line of the failure report',
  )
  assert.equal(jobSummary.numberOfFilesWithServerError, 0)
  assert.equal((await imageSetIdsOf(app, job.datastoreId)).size, 2)
  assert.deepEqual(await differencesIn(app), [])
  assert.ok(
    attempts.every((attempt) => attempt === 1),
    `an outage does not count as a failed attempt: ${attempts}`,
  )
}

describe('a catalog whose connections are cut', { skip: postgresIsMissing ?? false }, () => {
  for (const [point, method] of Object.entries(POINTS)) {
    test(`while a job is ${point} does not fail the job`, async (context) => {
      const url = await server!.newDatabase()
      const outage = firstCalls(2, cutting(url, ['import_jobs', 'import_files', 'import_groups']))
      await assertComplete(await importDuring(context, url, { method, outage }))
      assert.ok(outage.count() > 2)
    })
  }
})

describe('a catalog that is stopped and started again', { skip: postgresIsMissing ?? false }, () => {
  for (const [point, method] of Object.entries(POINTS).filter(([, each]) =>
    ['record', 'publish', 'reportLines', 'finish'].includes(each),
  )) {
    test(`while a job is ${point} does not fail the job`, async (context) => {
      const url = await server!.newDatabase()
      const { outage: kill, isBack } = killing(server!)
      const outage = firstCalls(1, kill)
      await assertComplete(await importDuring(context, url, { method, outage }))
      await isBack()
      assert.ok(outage.count() > 1)
    })
  }

  test('repeatedly before the first file is recorded skips no file', async (context) => {
    const url = await server!.newDatabase()
    const { outage: kill, isBack } = killing(server!)
    await assertComplete(await importDuring(context, url, { method: 'record', outage: firstCalls(4, kill) }))
    await isBack()
  })
})
