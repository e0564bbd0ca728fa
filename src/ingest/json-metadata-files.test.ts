/** JSON metadata of a job in unusual cases: an unavailable store, unreadable files, more files than are cached. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { ImportApp } from '../app.ts'
import { ExplicitVRLittleEndian, encodeP10 } from '../dicom/encode.ts'
import { startImportWorker } from '../jobs/import-worker.ts'
import type { Limits } from '../limits.ts'
import { newId } from '../server/new-id.ts'
import { type BlobStore, readAll } from '../stores/blobs/blob-store.ts'
import { openMemoryBlobs } from '../stores/blobs/memory/memory-blobs.ts'
import { openMemoryLocations } from '../stores/blobs/memory/memory-locations.ts'
import type { ImportJobs } from '../stores/catalog/import-job-repository.ts'
import type { Locations } from '../stores/locations/locations.ts'
import { openSqliteCatalog } from '../stores/sql/open-sqlite.ts'
import { StoreUnavailable } from '../stores/store-unavailable.ts'
import { submitJob, testApp, untilEnded } from './import-job.fixture.ts'

const file = (study: number, number: number): Uint8Array =>
  encodeP10({
    transferSyntaxUID: ExplicitVRLittleEndian,
    attributes: {
      SOPClassUID: '1.2.840.10008.5.1.4.1.1.7',
      SOPInstanceUID: `2.25.${study}.1.${number}`,
      StudyInstanceUID: `2.25.${study}`,
      SeriesInstanceUID: `2.25.${study}.1`,
    },
  })

const nameOf = (name: string) => Buffer.from(JSON.stringify({ '00100010': { vr: 'PN', Value: [name] } }))

interface Given {
  readonly files: Readonly<Record<string, Uint8Array>>
  /** By study. */
  readonly metadata: Readonly<Record<number, string>>
  readonly limits?: Partial<Limits>
  readonly openInput?: (bucket: BlobStore) => BlobStore['open']
  readonly publish?: (real: ImportJobs['publish']) => ImportJobs['publish']
}

async function runWith(context: TestContext, given: Given) {
  const catalog = await openSqliteCatalog({ path: ':memory:', newId })
  context.after(() => catalog.close())
  const locations = openMemoryLocations()
  const output = locations.createBucket('out-bucket')
  const input = locations.createBucket('in-bucket')
  for (const [key, bytes] of Object.entries(given.files)) await input.put(key, bytes)
  const opened: Locations = {
    async openBucket(name) {
      const bucket = await locations.openBucket(name)
      if ('closed' in bucket || name !== 'in-bucket' || given.openInput === undefined) return bucket
      return { ...bucket, open: given.openInput(bucket) } as BlobStore
    },
  } as Locations
  const jobs = catalog.importJobs
  const publish = given.publish?.(jobs.publish.bind(jobs)) ?? jobs.publish.bind(jobs)
  const stores = {
    ...{ catalog: { ...catalog, importJobs: { ...jobs, publish } }, blobs: openMemoryBlobs(), locations: opened },
  } as unknown as Pick<ImportApp, 'catalog' | 'blobs' | 'locations'>
  const dicomMetadataMappings = Object.entries(given.metadata).map(([study, metadataFilePath]) => ({
    ...{ studyInstanceUID: `2.25.${study}`, seriesInstanceUID: undefined, metadataFilePath },
  }))
  const importConfiguration = { dicomJsonMetadataImportConfiguration: { dicomMetadataMappings } }
  const job = await submitJob(catalog, undefined, { importConfiguration })
  const worker = startImportWorker(testApp(stores, given.limits === undefined ? {} : { limits: given.limits }))
  const ended = await untilEnded(catalog, job)
  await worker.stop()
  assert.equal(ended.jobStatus, 'COMPLETED', ended.message)
  const everything = { filters: [], sort: { sortField: 'createdAt', sortOrder: 'ASC' } } as const
  const { rows } = await catalog.imageSets.search({ datastoreId: job.datastoreId, search: everything, limit: 1_000 })
  const failures = await output.open(`${job.jobId}/FAILURE/failure.ndjson`)
  const lines = failures === undefined ? '' : Buffer.from(await readAll(failures)).toString()
  return {
    progress: [ended.filesDone, ended.filesFound],
    names: rows.map(({ tags }) => JSON.parse(tags).DICOMPatientName as string).sort(),
    failures: lines
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line))
      .map(({ inputFile, exception }) => [inputFile, exception.exceptionType]),
  }
}

test('a job that resumes after its failures were recorded reports them once', async (context) => {
  let published = 0
  const { progress, failures, names } = await runWith(context, {
    files: { 'a.dcm': file(1, 1), 'b.dcm': file(2, 1), 'bad.json': Buffer.from('{'), 'z-idle.json': nameOf('x') },
    metadata: { 1: 'bad.json', 3: 'z-idle.json' },
    publish: (real) => (lease, groups, at, documents) => {
      published += 1
      if (published === 1) throw new StoreUnavailable({ store: 'the catalog', reason: 'full', code: 'ENOSPC' })
      return real(lease, groups, at, documents)
    },
  })
  assert.equal(published, 2)
  assert.deepEqual(failures, [
    ['a.dcm', 'ValidationException'],
    ['bad.json', 'ValidationException'],
    ['z-idle.json', 'ValidationException'],
  ])
  assert.deepEqual(names.length, 1)
  assert.deepEqual(progress, [4, 4])
})

test('a metadata file without read access has a line, so has each file of its study, and the job continues', async (context) => {
  const { failures, names } = await runWith(context, {
    files: { 'a.dcm': file(1, 1), 'b.dcm': file(2, 1), 'm.json': nameOf('x'), 'n.json': nameOf('Second') },
    metadata: { 1: 'm.json', 2: 'n.json' },
    openInput: (bucket) => (key, range) => {
      if (key === 'm.json')
        return Promise.reject(new StoreUnavailable({ store: 'the bucket', reason: 'access', code: 'EACCES' }))
      return bucket.open(key, range)
    },
  })
  assert.deepEqual(failures, [
    ['a.dcm', 'AccessDeniedException'],
    ['m.json', 'AccessDeniedException'],
  ])
  assert.deepEqual(names, ['Second'])
})

test('the cache of metadata files is bounded by the size limit of one, and each is read once if its files are neighbours', async (context) => {
  const studies = Array.from({ length: 12 }, (_, index) => index + 1)
  const reads = new Map<string, number>()
  const keyOf = (study: number) => `m${String(study).padStart(2, '0')}.json`
  const { names, failures } = await runWith(context, {
    files: Object.fromEntries(
      studies.flatMap((study) => [
        [keyOf(study), nameOf(`Name${study}`)],
        ...[1, 2, 3].map((number) => [`${String(study).padStart(2, '0')}-${number}.dcm`, file(study, number)]),
      ]),
    ),
    metadata: Object.fromEntries(studies.map((study) => [study, keyOf(study)])),
    // Enough for two files.
    limits: { importMetadataFileBytes: 120 },
    openInput: (bucket) => (key, range) => {
      if (key.startsWith('m')) reads.set(key, (reads.get(key) ?? 0) + 1)
      return bucket.open(key, range)
    },
  })
  assert.deepEqual(failures, [])
  assert.deepEqual(names, studies.map((study) => `Name${study}`).sort())
  // Once for the files, and once at the end if it is no longer cached.
  for (const [key, count] of reads) assert.ok(count <= 2, `${key} was read ${count} times`)
})
