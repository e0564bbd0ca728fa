/** If a bucket is unavailable, the job is released and retried. If one file cannot be read, it is a line of the failure report. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { submitJob, testApp, untilEnded } from '../ingest/import-job.fixture.ts'
import { newId } from '../server/new-id.ts'
import { type BlobStore, readAll } from '../stores/blobs/blob-store.ts'
import { openMemoryBlobs } from '../stores/blobs/memory/memory-blobs.ts'
import { openMemoryLocations } from '../stores/blobs/memory/memory-locations.ts'
import { type Bucket, bucketOf } from '../stores/locations/locations.ts'
import { openSqliteCatalog } from '../stores/sql/open-sqlite.ts'
import { StoreUnavailable, type UnavailableReason } from '../stores/store-unavailable.ts'
import { startImportWorker } from './import-worker.ts'
import { instanceOf } from './imported-instances.fixture.ts'

const unavailable = (reason: UnavailableReason = 'away') =>
  new StoreUnavailable({ store: 'the S3 bucket', reason, code: 'TimeoutError' })

type Faults = (bucket: BlobStore) => Partial<BlobStore>
const NO_FAULTS: Faults = () => ({})

/** Imports three files. @returns the ended job, and its failure report */
async function imported(
  context: TestContext,
  {
    input = NO_FAULTS,
    output = NO_FAULTS,
    wholeFileBytes,
  }: { input?: Faults; output?: Faults; wholeFileBytes?: number },
) {
  const locations = openMemoryLocations()
  const out = locations.createBucket('out-bucket')
  const bucket = locations.createBucket('in-bucket')
  for (const number of [1, 2, 3]) await bucket.put(`${number}.dcm`, instanceOf({ series: 1, number }))
  const buckets = new Map<string, Bucket>([
    ['in-bucket', bucketOf({ ...bucket, ...input(bucket) })],
    ['out-bucket', bucketOf({ ...out, ...output(out) })],
  ])
  const catalog = await openSqliteCatalog({ path: ':memory:', newId })
  context.after(() => catalog.close())
  const app = testApp(
    { catalog, blobs: openMemoryBlobs(), locations: { ...locations, openBucket: async (name) => buckets.get(name)! } },
    { limits: wholeFileBytes === undefined ? {} : { importWholeFileBytes: wholeFileBytes } },
  )
  const job = await submitJob(catalog)
  const worker = startImportWorker(app)
  const ended = await untilEnded(catalog, job)
  await worker.stop()
  const failures = await out.open(`${job.jobId}/FAILURE/failure.ndjson`)
  const lines = failures === undefined ? '' : Buffer.from(await readAll(failures)).toString()
  return {
    ended,
    failed: lines
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line)),
  }
}

/** All methods of the bucket fail for a number of calls. */
function unavailableFor(calls: number): { faults: Faults; count: () => number } {
  let [isUnavailable, count] = [false, 0]
  const checkAvailable = () => {
    if (!isUnavailable) return
    count += 1
    if (count >= calls) isUnavailable = false
    throw unavailable()
  }
  const faults: Faults = (bucket) => ({
    async open(key, range) {
      // From the second file on.
      if (count === 0 && key === '2.dcm') isUnavailable = true
      checkAvailable()
      return bucket.open(key, range)
    },
    async *list(prefix, options) {
      checkAvailable()
      yield* bucket.list(prefix, options)
    },
  })
  return { faults, count: () => count }
}

for (const [size, wholeFileBytes] of [
  ['small', undefined],
  ['large', 64],
] as const) {
  test(`an input that is unavailable while its ${size} files are read releases the job, and all files are imported`, async (context) => {
    const { faults, count } = unavailableFor(6)
    const { ended, failed } = await imported(context, { input: faults, ...(wholeFileBytes && { wholeFileBytes }) })
    assert.equal(ended.jobStatus, 'COMPLETED', ended.message)
    assert.equal(ended.filesDone, 3)
    assert.deepEqual(failed, [])
    assert.equal(count(), 6)
  })

  test(`a ${size} file that cannot be read in an available input is a line of the failure report`, async (context) => {
    const { ended, failed } = await imported(context, {
      input: (bucket) => ({
        async open(key, range) {
          if (key === '2.dcm') throw unavailable()
          return bucket.open(key, range)
        },
      }),
      ...(wholeFileBytes && { wholeFileBytes }),
    })
    assert.equal(ended.jobStatus, 'COMPLETED', ended.message)
    assert.deepEqual(
      failed.map(({ inputFile, exception }) => [inputFile, exception.exceptionType]),
      [['2.dcm', 'InternalServerException']],
    )
  })
}

test('an input that cannot be listed for a while releases the job', async (context) => {
  let failures = 0
  const { ended } = await imported(context, {
    input: (bucket) => ({
      async *list(prefix, options) {
        yield* bucket.list(prefix, options)
        if (failures++ < 2) throw unavailable()
      },
    }),
  })
  assert.equal(ended.jobStatus, 'COMPLETED', ended.message)
  assert.equal(ended.filesDone, 3)
})

for (const [what, isAffected] of [
  ['the check that it can be written', (key: string) => key.includes('.write-check-')],
  ['the lines of the report', (key: string) => key.endsWith('.ndjson')],
  ['the manifest', (key: string) => key.endsWith('manifest.json')],
] as const) {
  test(`an output that is unavailable for ${what} releases the job`, async (context) => {
    let failures = 0
    const { ended } = await imported(context, {
      output: (bucket) => ({
        async put(key, bytes) {
          if (isAffected(key) && failures++ < 2) throw unavailable(failures === 1 ? 'away' : 'full')
          return bucket.put(key, bytes)
        },
      }),
    })
    assert.equal(ended.jobStatus, 'COMPLETED', ended.message)
    assert.equal(ended.filesDone, 3)
    assert.ok(failures > 2)
  })
}
