/** A catalog on PostgreSQL that goes away while a job runs, wherever in it: the job is released, tried again, and ends whole. */
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
import { imageSetIdsOf, instanceOf } from './imported.fixture.ts'

const server = postgresIsMissing === undefined ? await startPostgres() : undefined
after(() => server?.remove())

/** Of the verbs of a job, in which the catalog is away. */
const POINTS = {
  'counting its files': 'setFilesFound',
  'looking where it goes on': 'lastRecordedKey',
  'recording files': 'record',
  'looking for groups': 'waitingGroups',
  'making documents': 'versionsToBe',
  'publishing image sets': 'publish',
  'reading the lines of its report': 'reportLines',
  'reading the image sets of its report': 'generatedImageSets',
  ending: 'finish',
} as const satisfies Record<string, keyof ImportJobs>

type Verb = (typeof POINTS)[keyof typeof POINTS]

function withOutage(catalog: Catalog, verb: Verb, outage: Outage): Catalog {
  const { importJobs } = catalog
  const call = importJobs[verb] as (...words: unknown[]) => unknown
  const isRead = verb === 'reportLines' || verb === 'generatedImageSets'
  const inOutage = isRead
    ? async function* (...words: unknown[]) {
        // What is read of a report are a few lines: all of it is one bite.
        yield* await outage(() => collected(call.apply(importJobs, words) as AsyncIterable<unknown>))
      }
    : (...words: unknown[]) => outage(() => call.apply(importJobs, words) as Promise<unknown>)
  return { ...catalog, importJobs: { ...importJobs, [verb]: inOutage } }
}

async function importDuring(context: TestContext, url: string, { verb, outage }: { verb: Verb; outage: Outage }) {
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
  const away = withOutage(catalog, verb, outage)
  const { claim } = catalog.importJobs
  const worker = startImportWorker({
    ...app,
    catalog: {
      ...away,
      importJobs: {
        ...away.importJobs,
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

async function assertWhole({ app, job, ended, attempts, jobSummary }: Awaited<ReturnType<typeof importDuring>>) {
  assert.equal(ended.jobStatus, 'COMPLETED', ended.message)
  assert.deepEqual(
    [jobSummary.numberOfImportedFiles, jobSummary.numberOfFilesWithCustomerError],
    [4, 1],
    'every file is in, and only the bad one is a line of the failure report',
  )
  assert.equal(jobSummary.numberOfFilesWithServerError, 0)
  assert.equal((await imageSetIdsOf(app, job.datastoreId)).size, 2)
  assert.deepEqual(await differencesIn(app), [])
  assert.ok(
    attempts.every((attempt) => attempt === 1),
    `an outage is no attempt on which a worker died: ${attempts}`,
  )
}

describe('a catalog whose connections are cut', { skip: postgresIsMissing ?? false }, () => {
  for (const [point, verb] of Object.entries(POINTS)) {
    test(`while a job is ${point} does not fail the job`, async (context) => {
      const url = await server!.newDatabase()
      const outage = firstCalls(2, cutting(url, ['import_jobs', 'import_files', 'import_groups']))
      await assertWhole(await importDuring(context, url, { verb, outage }))
      assert.ok(outage.count() > 2)
    })
  }
})

describe('a catalog that is stopped and started again', { skip: postgresIsMissing ?? false }, () => {
  for (const [point, verb] of Object.entries(POINTS).filter(([, each]) =>
    ['record', 'publish', 'reportLines', 'finish'].includes(each),
  )) {
    test(`while a job is ${point} does not fail the job`, async (context) => {
      const url = await server!.newDatabase()
      const { outage: kill, isBack } = killing(server!)
      const outage = firstCalls(1, kill)
      await assertWhole(await importDuring(context, url, { verb, outage }))
      await isBack()
      assert.ok(outage.count() > 1)
    })
  }

  test('again and again before a first file is recorded passes no file over', async (context) => {
    const url = await server!.newDatabase()
    const { outage: kill, isBack } = killing(server!)
    await assertWhole(await importDuring(context, url, { verb: 'record', outage: firstCalls(4, kill) }))
    await isBack()
  })
})
