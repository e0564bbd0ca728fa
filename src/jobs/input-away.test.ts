/** A bucket of a job that goes away is no fault of its files: the job waits for it. One file that cannot be read is a line. */
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
import { instanceOf } from './imported.fixture.ts'

const away = (reason: UnavailableReason = 'away') =>
  new StoreUnavailable({ store: 'the S3 bucket', reason, code: 'TimeoutError' })

type Damaged = (bucket: BlobStore) => Partial<BlobStore>
const SOUND: Damaged = () => ({})

/** Three files. Answers the job, and the report's failures. */
async function imported(
  context: TestContext,
  { input = SOUND, output = SOUND, wholeFileBytes }: { input?: Damaged; output?: Damaged; wholeFileBytes?: number },
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

/** For so many calls; all verbs of the bucket. */
function awayFor(calls: number): { damaged: Damaged; count: () => number } {
  let [isAway, count] = [false, 0]
  const unlessAway = () => {
    if (!isAway) return
    count += 1
    if (count >= calls) isAway = false
    throw away()
  }
  const damaged: Damaged = (bucket) => ({
    async open(key, range) {
      // From the second file on.
      if (count === 0 && key === '2.dcm') isAway = true
      unlessAway()
      return bucket.open(key, range)
    },
    async *list(prefix, options) {
      unlessAway()
      yield* bucket.list(prefix, options)
    },
  })
  return { damaged, count: () => count }
}

for (const [size, wholeFileBytes] of [
  ['small', undefined],
  ['large', 64],
] as const) {
  test(`an input that goes away while its ${size} files are read releases the job, and all of them come in`, async (context) => {
    const { damaged, count } = awayFor(6)
    const { ended, failed } = await imported(context, { input: damaged, ...(wholeFileBytes && { wholeFileBytes }) })
    assert.equal(ended.jobStatus, 'COMPLETED', ended.message)
    assert.equal(ended.filesDone, 3)
    assert.deepEqual(failed, [])
    assert.equal(count(), 6)
  })

  test(`a ${size} file that cannot be read in an input that answers is a line of the failure report`, async (context) => {
    const { ended, failed } = await imported(context, {
      input: (bucket) => ({
        async open(key, range) {
          if (key === '2.dcm') throw away()
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
        if (failures++ < 2) throw away()
      },
    }),
  })
  assert.equal(ended.jobStatus, 'COMPLETED', ended.message)
  assert.equal(ended.filesDone, 3)
})

for (const [what, isMeant] of [
  ['the check that it can be written', (key: string) => key.includes('.write-check-')],
  ['the lines of the report', (key: string) => key.endsWith('.ndjson')],
  ['the manifest', (key: string) => key.endsWith('manifest.json')],
] as const) {
  test(`an output that is away for ${what} releases the job`, async (context) => {
    let failures = 0
    const { ended } = await imported(context, {
      output: (bucket) => ({
        async put(key, bytes) {
          if (isMeant(key) && failures++ < 2) throw away(failures === 1 ? 'away' : 'full')
          return bucket.put(key, bytes)
        },
      }),
    })
    assert.equal(ended.jobStatus, 'COMPLETED', ended.message)
    assert.equal(ended.filesDone, 3)
    assert.ok(failures > 2)
  })
}
