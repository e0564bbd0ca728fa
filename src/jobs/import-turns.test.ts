/** Import jobs take turns: none waits for another to end, and nothing of a job is lost between its turns. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { submitJob, TURN_LIMITS, testApp, untilEnded } from '../ingest/import-job.fixture.ts'
import type { Limits } from '../limits.ts'
import { newId } from '../server/new-id.ts'
import { readAll } from '../stores/blobs/blob-store.ts'
import { openMemoryBlobs } from '../stores/blobs/memory/memory-blobs.ts'
import { openMemoryLocations } from '../stores/blobs/memory/memory-locations.ts'
import type { ImportJob } from '../stores/catalog/import-job-repository.ts'
import type { Bucket } from '../stores/locations/locations.ts'
import { openSqliteCatalog } from '../stores/sql/open-sqlite.ts'
import { StoreUnavailable } from '../stores/store-unavailable.ts'
import { startImportWorker } from './import-worker.ts'
import { instanceOf } from './imported-instances.fixture.ts'

/** Slow enough that a turn ends while the input is listed. */
const ENTRY_MS = 2

interface SubmittedJob extends Partial<Pick<ImportJob, 'importConfiguration'>> {
  readonly folder?: string
  readonly into?: string
}

type Changes = (bucket: Bucket) => Partial<Bucket>

const isSlow: Changes = (bucket) => ({
  async *scan(...args) {
    for await (const entry of bucket.scan(...args)) {
      await setTimeout(ENTRY_MS)
      yield entry
    }
  },
})

/** Buckets with input in folders, a catalog, and the events of all jobs in order. */
async function openImports(
  context: TestContext,
  {
    folders,
    input = isSlow,
    limits = {},
  }: { folders: Record<string, number>; input?: Changes; limits?: Partial<Limits> },
) {
  const locations = openMemoryLocations()
  const out = locations.createBucket('out-bucket')
  const bucket = locations.createBucket('in-bucket')
  for (const [index, [folder, files]] of Object.entries(folders).entries()) {
    for (let number = 0; number < files; number++) {
      const key = `${folder}/${String(number).padStart(4, '0')}.dcm`
      await bucket.put(key, instanceOf({ series: index, number }))
    }
  }
  const catalog = await openSqliteCatalog({ path: ':memory:', newId })
  context.after(() => catalog.close())
  const { importJobs } = catalog
  const events: string[] = []
  const nameOf = new Map<string, string>()
  const note = (event: string, { jobId }: Pick<ImportJob, 'jobId'>) => events.push(`${event} ${nameOf.get(jobId)}`)
  const app = testApp(
    {
      blobs: openMemoryBlobs(),
      locations: {
        ...locations,
        async openBucket(name) {
          const opened = (await locations.openBucket(name)) as Bucket
          return name === 'in-bucket' ? { ...opened, ...input(opened) } : opened
        },
      },
      catalog: {
        ...catalog,
        importJobs: {
          ...importJobs,
          async claim(request) {
            const job = await importJobs.claim(request)
            if (job !== undefined) note('claim', job)
            return job
          },
          async endTurn(lease, end) {
            note('end turn', lease)
            await importJobs.endTurn(lease, end)
          },
          async finish(lease, end) {
            await importJobs.finish(lease, end)
            note('finish', lease)
          },
        },
      },
    },
    { limits: { ...TURN_LIMITS, ...limits } },
  )
  return {
    ...{ app, events, locations, bucket },
    async submit(name: string, { folder = name, into, ...given }: SubmittedJob = {}) {
      const job = await submitJob(catalog, into, { inputS3Uri: `s3://in-bucket/${folder}/`, ...given })
      nameOf.set(job.jobId, name)
      return job
    },
    start() {
      const worker = startImportWorker(app)
      context.after(() => worker.stop())
      return worker
    },
    untilEnded: (job: ImportJob) => untilEnded(catalog, job),
    async output(job: ImportJob, key: string) {
      const found = await out.open(`${job.jobId}/${key}`)
      return found === undefined ? '' : Buffer.from(await readAll(found)).toString()
    },
  }
}

const linesOf = (text: string): { inputFile: string }[] =>
  text
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))

test('a job that begins while two others run ends before them, and the report of each names every file once', async (context) => {
  const imports = await openImports(context, { folders: { one: 150, two: 150, few: 10 } })
  const one = await imports.submit('one')
  const two = await imports.submit('two', { into: one.datastoreId })
  const worker = imports.start()
  while (!imports.events.includes('end turn one')) await setTimeout(1)
  const few = await imports.submit('few', { into: one.datastoreId })
  worker.wake()
  for (const job of [one, two, few]) {
    const ended = await imports.untilEnded(job)
    assert.equal(ended.jobStatus, 'COMPLETED', ended.message)
    assert.equal(ended.filesFound, ended.filesDone)
    const keys = linesOf(await imports.output(job, 'SUCCESS/success.ndjson')).map(({ inputFile }) => inputFile)
    assert.equal(keys.length, job === few ? 10 : 150)
    assert.deepEqual(keys, [...new Set(keys)].sort())
  }
  await worker.stop()
  const finishes = imports.events.filter((event) => event.startsWith('finish'))
  assert.equal(finishes[0], 'finish few', imports.events.join(', '))
})

test('a hundred jobs of several data stores all have a turn before any has its second', async (context) => {
  const imports = await openImports(context, { folders: { all: 12 } })
  const jobs: ImportJob[] = []
  const stores: string[] = []
  for (let n = 0; n < 100; n++) {
    const job = await imports.submit(`${n}`, { folder: 'all', ...(n >= 4 && { into: stores[n % 4] }) })
    stores.push(job.datastoreId)
    jobs.push(job)
  }
  const worker = imports.start()
  for (const job of jobs) {
    const ended = await imports.untilEnded(job)
    assert.deepEqual([ended.jobStatus, ended.filesDone], ['COMPLETED', 12])
  }
  await worker.stop()
  const claims = imports.events.filter((event) => event.startsWith('claim'))
  assert.equal(new Set(claims.slice(0, 100)).size, 100)
  assert.ok(claims.length > 100)
})

test('a job that waits for a file continues beside the next job', async (context) => {
  const read = Promise.withResolvers<void>()
  const imports = await openImports(context, {
    folders: { slow: 1, few: 10 },
    limits: { importJobsPerWorker: 2 },
    input: (bucket) => ({
      async *scan(...args) {
        for await (const entry of bucket.scan(...args)) {
          if ('unreadable' in entry || !entry.key.startsWith('slow')) yield entry
          else yield { ...entry, open: (range) => read.promise.then(() => entry.open(range)) }
        }
      },
    }),
  })
  const slow = await imports.submit('slow')
  const worker = imports.start()
  while (!imports.events.includes('claim slow')) await setTimeout(1)
  const few = await imports.submit('few')
  assert.equal((await imports.untilEnded(few)).jobStatus, 'COMPLETED')
  assert.equal(worker.idleMs(), 0)
  read.resolve()
  assert.equal((await imports.untilEnded(slow)).jobStatus, 'COMPLETED')
})

test('a job whose input is away does not delay another, and completes when it is back', async (context) => {
  let isAway = true
  const imports = await openImports(context, {
    folders: { away: 3, many: 200 },
    input: (bucket) => ({
      async *scan(prefix, options) {
        if (isAway && prefix.startsWith('away')) {
          throw new StoreUnavailable({ store: 'the S3 bucket', reason: 'away', code: 'ECONNREFUSED' })
        }
        yield* isSlow(bucket).scan!(prefix, options)
      },
    }),
  })
  const away = await imports.submit('away')
  const many = await imports.submit('many')
  imports.start()
  assert.equal((await imports.untilEnded(many)).jobStatus, 'COMPLETED')
  isAway = false
  assert.equal((await imports.untilEnded(away)).jobStatus, 'COMPLETED')
})

test('JSON metadata that was used in an earlier turn has no line in the failure report, and an unused one has', async (context) => {
  const imports = await openImports(context, { folders: { one: 80, two: 80 } })
  const importConfiguration = {
    dicomJsonMetadataImportConfiguration: {
      dicomMetadataMappings: [
        { studyInstanceUID: '2.25.1', metadataFilePath: 'a-used.json' },
        { studyInstanceUID: '2.25.999', metadataFilePath: 'a-unused.json' },
      ],
    },
  }
  for (const name of ['used', 'unused'] as const) {
    const json = { '00100010': { vr: 'PN', Value: [{ Alphabetic: 'Turn^Taken' }] } }
    await imports.bucket.put(`one/a-${name}.json`, Buffer.from(JSON.stringify(json)))
  }
  const one = await imports.submit('one', { importConfiguration })
  await imports.submit('two')
  const worker = imports.start()
  const ended = await imports.untilEnded(one)
  await worker.stop()
  const failures = linesOf(await imports.output(one, 'FAILURE/failure.ndjson')).map(({ inputFile }) => inputFile)
  assert.deepEqual(failures, ['one/a-unused.json'], ended.message)
  assert.ok(imports.events.filter((event) => event === 'end turn one').length >= 2, imports.events.join(', '))
})

test('an input that is counted in several turns is counted once', async (context) => {
  const imports = await openImports(context, {
    folders: { one: 60, two: 60 },
    limits: { importFilesPerJob: 60, importFoldersPerJob: 1 },
  })
  const counted: unknown[] = []
  const { importJobs } = imports.app.catalog
  const { endTurn } = importJobs
  importJobs.endTurn = async (lease, end) => {
    counted.push(JSON.parse(end.turnState).counted)
    await endTurn(lease, end)
  }
  const [one, two] = [await imports.submit('one'), await imports.submit('two')]
  imports.start()
  for (const job of [one, two]) {
    const ended = await imports.untilEnded(job)
    assert.deepEqual([ended.jobStatus, ended.filesFound, ended.filesDone], ['COMPLETED', 60, 60], ended.message)
  }
  assert.ok(counted.some((each) => each !== undefined))
})
