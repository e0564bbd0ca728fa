/** Jobs that are stopped, or whose store fails, while the frames of a file are encoded: they resume, and no unreferenced blob remains. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ImportApp } from '../app.ts'
import { ExplicitVRLittleEndian, encodeP10 } from '../dicom/encode.ts'
import { startImportWorker } from '../jobs/import-worker.ts'
import { attributesOf, draw, pixelOf } from '../pixel-data/frames.fixture.ts'
import { newId } from '../server/new-id.ts'
import { openMemoryBlobs } from '../stores/blobs/memory/memory-blobs.ts'
import { openMemoryLocations } from '../stores/blobs/memory/memory-locations.ts'
import { openSqliteCatalog } from '../stores/sql/open-sqlite.ts'
import { StoreUnavailable } from '../stores/store-unavailable.ts'
import { submitJob, testApp, untilEnded } from './import-job.fixture.ts'

const FRAMES = 40
const pixel = pixelOf({ rows: 64, columns: 64, numberOfFrames: FRAMES })
const file = encodeP10({
  transferSyntaxUID: ExplicitVRLittleEndian,
  attributes: attributesOf(pixel),
  pixelData: { frames: Array.from({ length: FRAMES }, (_, index) => draw(pixel, index + 1)) },
})

/** A job with one file, whose frames are too many for memory; if `isLarge`, the file is too large for memory too. */
async function jobOfManyFrames({ isLarge }: { readonly isLarge: boolean }) {
  const locations = openMemoryLocations()
  const stores = { catalog: await openSqliteCatalog({ path: ':memory:', newId }), blobs: openMemoryBlobs(), locations }
  await locations.createBucket('in-bucket').put('many.dcm', file)
  locations.createBucket('out-bucket')
  const job = await submitJob(stores.catalog)
  const limits = { importBlobBytes: 20_000, ...(isLarge ? { importWholeFileBytes: 100_000 } : {}) }
  return { app: testApp(stores, { limits }), job, ...stores }
}

/** All frames are stored, and there is no blob except those of the instance and its document. */
async function assertImported({ app, job }: Pick<Awaited<ReturnType<typeof jobOfManyFrames>>, 'app' | 'job'>) {
  const worker = startImportWorker(app)
  const ended = await untilEnded(app.catalog, job)
  await worker.stop()
  assert.equal(ended.jobStatus, 'COMPLETED', ended.message)
  const { datastoreId } = job
  const search = { filters: [], sort: { sortField: 'createdAt', sortOrder: 'ASC' } } as const
  const [row] = (await app.catalog.imageSets.search({ datastoreId, search, limit: 2 })).rows
  const [instance] = await app.catalog.imageSets.instanceRecords({
    datastoreId,
    imageSetId: row!.imageSetId,
    version: 1,
  })
  assert.equal(instance?.frames?.frameCount, FRAMES)
  const document = await app.catalog.imageSets.document({ datastoreId, imageSetId: row!.imageSetId })
  assert.ok(typeof document === 'object')
  const known = new Set([instance.blobKey, instance.frames.blobKey, instance.metadata!.blobKey, document.blobKey])
  for await (const { key } of app.blobs.list('')) assert.ok(known.has(key), 'no blob is unreferenced')
  assert.notEqual(instance.frames.blobKey, instance.blobKey, 'the frames have a blob of their own')
}

for (const isLarge of [false, true]) {
  const what = isLarge ? 'a file too large for memory' : 'a file'

  test(`a job stopped among the frames of ${what} resumes`, async () => {
    const { app, job } = await jobOfManyFrames({ isLarge })
    let frames = 0
    let stopped: Promise<void> | undefined
    const interrupting: ImportApp['frames'] = {
      ...app.frames,
      async transcode(frame) {
        if (++frames === 5) stopped = worker.stop()
        return app.frames.transcode(frame)
      },
      giveBack: (bytes) => app.frames.giveBack(bytes),
    }
    const worker = startImportWorker({ ...app, frames: interrupting })
    while (stopped === undefined) await new Promise((resolve) => setTimeout(resolve, 2))
    await stopped
    assert.ok(frames < FRAMES, `${frames} frames were encoded before it stopped`)
    assert.equal((await app.catalog.importJobs.get(job))?.jobStatus, 'IN_PROGRESS')
    await assertImported({ app, job })
    await app.catalog.close()
  })

  test(`a store that is full while the frames of ${what} are written delays the job and fails no file`, async () => {
    const { app, job } = await jobOfManyFrames({ isLarge })
    let failures = 0
    const full: ImportApp['blobs'] = {
      ...app.blobs,
      async put(key, bytes) {
        if (bytes instanceof Uint8Array || failures === 2) return app.blobs.put(key, bytes)
        for await (const _ of bytes);
        failures += 1
        throw new StoreUnavailable({ store: 'the blob store', reason: 'full', code: 'ENOSPC' })
      },
    }
    await assertImported({ app: { ...app, blobs: full }, job })
    assert.equal(failures, 2)
    await app.catalog.close()
  })
}
