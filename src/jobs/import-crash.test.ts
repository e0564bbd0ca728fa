/** The process is killed at each write of an import, and another resumes the job. No file is lost and none is imported twice. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { crc32, gunzipSync } from 'node:zlib'
import type { App } from '../app.ts'
import type { LentBytes } from '../contract/shapes.ts'
import { DEFAULT_LIMITS } from '../default-limits.ts'
import { ExplicitVRLittleEndian, encodeP10 } from '../dicom/encode.ts'
import { killAtSteps } from '../fixtures/kill-at-steps.ts'
import { gzipAround } from '../imaging/documents/metadata-document.ts'
import { CRASH_LIMITS, submitJob, testApp, untilEnded } from '../ingest/import-job.fixture.ts'
import { differencesIn } from '../maintenance/verify/verify.fixture.ts'
import { getImageFrame } from '../operations/get-image-frame.ts'
import { lazyCodecs } from '../pixel-data/frame/codecs.ts'
import { findCodestream } from '../pixel-data/jpeg2000/jp2-boxes.ts'
import { openStores } from '../server/open-stores.ts'
import { openReplyBuffers } from '../server/reply-buffers.ts'
import { type BlobStore, readAll } from '../stores/blobs/blob-store.ts'
import type { DocumentRange } from '../stores/catalog/image-set-records.ts'
import type { ImportJob } from '../stores/catalog/import-job-repository.ts'
import { startImportWorker } from './import-worker.ts'

const SERIES = 3
const INSTANCES = 4
const VALID = SERIES * INSTANCES
const SIDE = 64
const codecs = lazyCodecs()
const ALL = { filters: [], sort: { sortField: 'createdAt', sortOrder: 'ASC' } } as const

function instance(series: number, number: number): Uint8Array {
  return encodeP10({
    transferSyntaxUID: ExplicitVRLittleEndian,
    attributes: {
      SOPClassUID: '1.2.840.10008.5.1.4.1.1.7',
      SOPInstanceUID: `2.25.1.${series}.${number}`,
      StudyInstanceUID: '2.25.1',
      SeriesInstanceUID: `2.25.1.${series}`,
      SeriesNumber: series,
      PatientID: 'P1',
      // A series attribute with a different value in each instance.
      StationName: `S${number}`,
      ...{
        Rows: SIDE,
        Columns: SIDE,
        SamplesPerPixel: 1,
        PhotometricInterpretation: 'MONOCHROME2',
        PixelRepresentation: 0,
      },
      ...{ BitsAllocated: 8, BitsStored: 8, HighBit: 7, NumberOfFrames: String(framesOf(number)) },
    },
    pixelData: {
      frames: Array.from({ length: framesOf(number) }, (_, frame) => pixelsOf(series, number + 10 * frame)),
    },
  })
}

/** One frame has no frame table, two have one, and five frames get a blob of their own. */
const framesOf = (number: number): number => [1, 2, 5, 1][number]!

const pixelsOf = (series: number, seed: number): Uint8Array =>
  Uint8Array.from({ length: SIDE * SIDE }, (_, index) => (index * (series + 1) + seed * 7) & 0xff)

async function makeInput(folder: string): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>()
  for (let series = 0; series < SERIES; series++) {
    for (let number = 0; number < INSTANCES; number++) files.set(`${number}-${series}.dcm`, instance(series, number))
  }
  await mkdir(join(folder, 'buckets/in-bucket'), { recursive: true })
  await mkdir(join(folder, 'buckets/out-bucket'), { recursive: true })
  for (const [name, bytes] of files) await writeFile(join(folder, 'buckets/in-bucket', name), bytes)
  await writeFile(join(folder, 'buckets/in-bucket/2-bad.dcm'), 'no DICOM')
  return files
}

/** Starts a process that imports until it kills itself or is done. */
async function runUntilExit(
  folder: string,
  { step, jobs }: { step: number; jobs: readonly ImportJob[] },
): Promise<'killed' | 'done'> {
  const ids = jobs.map(({ datastoreId, jobId }) => ({ datastoreId, jobId }))
  const args = [folder, `${step}`, JSON.stringify(ids)]
  const child = spawn(process.execPath, [join(import.meta.dirname, 'import-crash.fixture.ts'), ...args], {
    stdio: 'inherit',
  })
  const [code, signal] = await once(child, 'exit')
  if (signal === 'SIGKILL') return 'killed'
  assert.equal(code, 0)
  return 'done'
}

interface DescribedFrame {
  readonly ID: string
  readonly PixelDataChecksumFromBaseToFullResolution: readonly [{ readonly Checksum: number }]
}

/** The frames that a metadata document lists, by instance. */
async function instancesIn(
  { blobs }: { blobs: BlobStore },
  { document, datastoreId, imageSetId }: { document: DocumentRange; datastoreId: string; imageSetId: string },
): Promise<(readonly DescribedFrame[])[]> {
  const { blobKey, offsetBytes, sizeBytes } = document
  const body = await readAll((await blobs.open(blobKey, { start: offsetBytes, length: sizeBytes }))!)
  const { before, after } = gzipAround({ DatastoreID: datastoreId, ImageSetID: imageSetId }, document)
  const { Study } = JSON.parse(gunzipSync(Buffer.concat([before, body, after])).toString())
  return Object.values<{ Instances: Record<string, { ImageFrames: DescribedFrame[] }> }>(Study.Series).flatMap(
    ({ Instances }) => Object.values(Instances).map(({ ImageFrames }) => ImageFrames),
  )
}

/** Reads a frame as GetImageFrame does, and compares its pixels with the checksum in the document. @returns the key of its blob */
async function checkFrame(
  stores: Awaited<ReturnType<typeof openStores>>,
  frame: DescribedFrame & { datastoreId: string; imageSetId: string },
): Promise<string> {
  const { ID, datastoreId, imageSetId } = frame
  const blob = await getImageFrame(
    { datastoreId, imageSetId, imageFrameInformation: { imageFrameId: ID } },
    { ...stores, accessTimes: { note() {} }, replyBuffers: openReplyBuffers(DEFAULT_LIMITS) } as unknown as App,
    { requestHeaders: () => undefined, replyHeaders: {} },
  )
  const { lent: bytes } = blob.imageFrameBlob as LentBytes
  const { start } = findCodestream(bytes)
  const { cells } = (await codecs.htj2k()).decode(bytes.subarray(start))
  assert.equal(crc32(cells), frame.PixelDataChecksumFromBaseToFullResolution[0].Checksum)
  const found = await stores.catalog.imageSets.frames({ datastoreId, imageSetId, framesKey: ID.slice(0, 24) })
  return found!.frames.blobKey
}

async function finishAndCheck(
  folder: string,
  { jobs, files }: { jobs: readonly ImportJob[]; files: Map<string, Uint8Array> },
): Promise<void> {
  const stores = await openStores({ dataFolder: folder, s3: undefined, catalog: undefined, limits: DEFAULT_LIMITS })
  // An hour later: the lease of the killed process has expired.
  const worker = startImportWorker(testApp(stores, { clock: () => Date.now() + 3_600_000, limits: CRASH_LIMITS }))
  for (const job of jobs) {
    const ended = await untilEnded(stores.catalog, job)
    assert.equal(ended.jobStatus, 'COMPLETED', ended.message)
  }
  await worker.stop()
  const referenced = new Set<string>()
  for (const job of jobs) for (const key of await checkImported(stores, { job, files })) referenced.add(key)
  for await (const { key } of stores.blobs.list('')) assert.ok(referenced.has(key), 'no blob is unreferenced')
  assert.deepEqual(await differencesIn(stores), [])
  await stores.catalog.close()
}

/** @returns the blobs that the image sets of the job refer to */
async function checkImported(
  stores: Awaited<ReturnType<typeof openStores>>,
  { job, files }: { job: ImportJob; files: Map<string, Uint8Array> },
): Promise<ReadonlySet<string>> {
  const out = await stores.locations.openBucket('out-bucket')
  assert.ok(!('closed' in out))
  const manifest = JSON.parse(
    Buffer.from(await readAll((await out.open(`${job.jobId}/job-output-manifest.json`))!)).toString(),
  )
  const { jobSummary } = manifest
  assert.equal(jobSummary.numberOfScannedFiles, VALID + 1)
  assert.equal(jobSummary.numberOfImportedFiles, VALID)
  assert.equal(jobSummary.numberOfFilesWithCustomerError, 1)
  assert.equal(jobSummary.imageSetsSummary.length, SERIES)

  const { rows } = await stores.catalog.imageSets.search({ datastoreId: job.datastoreId, search: ALL, limit: 50 })
  assert.deepEqual(
    rows.map(({ version, isPrimary }) => ({ version, isPrimary })),
    Array.from({ length: SERIES }, () => ({ version: 1, isPrimary: true })),
  )
  const referenced = new Set<string>()
  const found: Buffer[] = []
  for (const { imageSetId } of rows) {
    const document = await stores.catalog.imageSets.document({ datastoreId: job.datastoreId, imageSetId })
    assert.ok(typeof document === 'object', 'every image set has its document')
    referenced.add(document.blobKey)
    const instances = await instancesIn(stores, { document, datastoreId: job.datastoreId, imageSetId })
    assert.deepEqual(instances.map(({ length }) => length).sort(), [1, 1, 2, 5])
    for (const frame of instances.flat()) {
      referenced.add(await checkFrame(stores, { ...frame, datastoreId: job.datastoreId, imageSetId }))
    }
    for (const place of await stores.catalog.imageSets.instances({ datastoreId: job.datastoreId, imageSetId })) {
      referenced.add(place.blobKey)
      const range = { start: place.offsetBytes, length: place.sizeBytes }
      found.push(Buffer.from(await readAll((await stores.blobs.open(place.blobKey, range))!)))
    }
  }
  const sorted = (all: Iterable<Uint8Array>) => [...all].map((bytes) => Buffer.from(bytes).toString('hex')).sort()
  assert.deepEqual(sorted(found), sorted(files.values()), 'every file is stored once, unchanged')
  return referenced
}

for (const [name, count, stepsMin] of [
  // claim, setFilesFound, the write check and its removal, four batches of blob and record, three image sets, four report files, finish.
  ['a job', 1, 30],
  ['two jobs that take turns, in one of them', 2, 60],
] as const) {
  test(`${name} killed at any of the writes resumes, imports every file once and loses none`, async () => {
    const runAndCheck = async (step: number) => {
      const folder = await mkdtemp(join(tmpdir(), 'hilum-crash-'))
      try {
        const files = await makeInput(folder)
        const places = { dataFolder: folder, s3: undefined, catalog: undefined, limits: DEFAULT_LIMITS }
        const { catalog } = await openStores(places)
        const jobs: ImportJob[] = []
        while (jobs.length < count) jobs.push(await submitJob(catalog))
        await catalog.close()
        const outcome = await runUntilExit(folder, { step, jobs })
        await finishAndCheck(folder, { jobs, files })
        return outcome
      } finally {
        await rm(folder, { recursive: true, force: true })
      }
    }
    await killAtSteps(runAndCheck, { stepsMin })
  })
}
