/** A file that ends every worker that reads it costs some attempts and gets a line in the failure report; the job completes. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ExplicitVRLittleEndian, encodeP10 } from '../dicom/encode.ts'
import { submitJob, testApp, untilEnded } from '../ingest/import-job.fixture.ts'
import { newId } from '../server/new-id.ts'
import { readAll } from '../stores/blobs/blob-store.ts'
import { openMemoryBlobs } from '../stores/blobs/memory/memory-blobs.ts'
import { openMemoryLocations } from '../stores/blobs/memory/memory-locations.ts'
import { openSqliteCatalog } from '../stores/sql/open-sqlite.ts'
import { startImportWorker } from './import-worker.ts'

const instance = (number: number) =>
  encodeP10({
    transferSyntaxUID: ExplicitVRLittleEndian,
    attributes: {
      SOPClassUID: '1.2.840.10008.5.1.4.1.1.7',
      SOPInstanceUID: `2.25.1.${number}`,
      StudyInstanceUID: '2.25.1',
      SeriesInstanceUID: '2.25.1.1',
    },
  })

async function openWithJob() {
  const locations = openMemoryLocations()
  const stores = { catalog: await openSqliteCatalog({ path: ':memory:', newId }), blobs: openMemoryBlobs(), locations }
  for (const number of [1, 2, 3]) await locations.createBucket('in-bucket').put(`${number}.dcm`, instance(number))
  const output = locations.createBucket('out-bucket')
  const job = await submitJob(stores.catalog)
  const manifest = async () =>
    JSON.parse(Buffer.from(await readAll((await output.open(`${job.jobId}/job-output-manifest.json`))!)).toString())
  return { stores, job, manifest }
}

/** Workers that claim the job and end without a release. */
async function claimAndDie(catalog: Awaited<ReturnType<typeof openSqliteCatalog>>, times: number) {
  for (let time = 0; time < times; time++)
    await catalog.importJobs.claim({ owner: newId(), now: Date.now(), leaseUntil: 0 })
}

test('after several failed attempts the first file that is not recorded is reported, and the others are imported', async () => {
  const { stores, job, manifest } = await openWithJob()
  const app = testApp(stores)
  await claimAndDie(stores.catalog, app.limits.importAttempts - 1)
  const worker = startImportWorker(app)
  assert.equal((await untilEnded(stores.catalog, job)).jobStatus, 'COMPLETED')
  await worker.stop()
  const { jobSummary } = await manifest()
  assert.equal(jobSummary.numberOfFilesWithServerError, 1)
  assert.equal(jobSummary.numberOfImportedFiles, 2)
  await stores.catalog.close()
})

test('a job that makes no progress ends FAILED with a message', async () => {
  const { stores, job } = await openWithJob()
  await claimAndDie(stores.catalog, 20)
  const worker = startImportWorker(testApp(stores))
  const ended = await untilEnded(stores.catalog, job)
  assert.equal(ended.jobStatus, 'FAILED')
  assert.match(ended.message ?? '', /failed repeatedly without making progress/)
  await worker.stop()
  await stores.catalog.close()
})

test('after fewer failed attempts all files are imported', async () => {
  const { stores, job, manifest } = await openWithJob()
  const app = testApp(stores)
  await claimAndDie(stores.catalog, app.limits.importAttempts - 2)
  const worker = startImportWorker(app)
  await untilEnded(stores.catalog, job)
  await worker.stop()
  assert.equal((await manifest()).jobSummary.numberOfImportedFiles, 3)
  await stores.catalog.close()
})
