/** Metadata documents of image sets that two jobs extend at once, and of many image sets of one job. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { type Attributes, ExplicitVRLittleEndian, encodeP10 } from '../dicom/encode.ts'
import { gzipAround } from '../imaging/documents/metadata-document.ts'
import { submitJob, testApp, untilEnded } from '../ingest/import-job.fixture.ts'
import { newId } from '../server/new-id.ts'
import { type BlobStore, readAll } from '../stores/blobs/blob-store.ts'
import { openMemoryBlobs } from '../stores/blobs/memory/memory-blobs.ts'
import { openMemoryLocations } from '../stores/blobs/memory/memory-locations.ts'
import type { Catalog } from '../stores/catalog/catalog.ts'
import type { ImportJobs } from '../stores/catalog/import-job-repository.ts'
import { openSqliteCatalog } from '../stores/sql/open-sqlite.ts'
import { startImportWorker } from './import-worker.ts'

const ALL = { filters: [], sort: { sortField: 'createdAt', sortOrder: 'ASC' } } as const

async function openStores(context: TestContext) {
  const catalog = await openSqliteCatalog({ path: ':memory:', newId })
  context.after(() => catalog.close())
  const locations = openMemoryLocations()
  locations.createBucket('out-bucket')
  return { catalog, blobs: openMemoryBlobs(), locations }
}

const instance = (attributes: Attributes): Uint8Array =>
  encodeP10({
    transferSyntaxUID: ExplicitVRLittleEndian,
    attributes: {
      SOPClassUID: '1.2.840.10008.5.1.4.1.1.7',
      StudyInstanceUID: '2.25.1',
      SeriesInstanceUID: '2.25.1.1',
      ...attributes,
    },
  })

async function latestDocument(
  { catalog, blobs }: { catalog: Catalog; blobs: BlobStore },
  imageSet: { datastoreId: string; imageSetId: string },
) {
  const place = await catalog.imageSets.document(imageSet)
  assert.ok(typeof place === 'object')
  const { blobKey, offsetBytes, sizeBytes } = place
  const body = await readAll((await blobs.open(blobKey, { start: offsetBytes, length: sizeBytes }))!)
  const { before, after } = gzipAround({ DatastoreID: imageSet.datastoreId, ImageSetID: imageSet.imageSetId }, place)
  const { Patient, Study } = JSON.parse(gunzipSync(Buffer.concat([before, body, after])).toString())
  return { blobKey, patient: Patient.DICOM, instances: Object.keys(Study.Series['2.25.1.1'].Instances) }
}

test('if another job publishes first, documents are made again, and the latest has the instances of both', async (context) => {
  const stores = await openStores(context)
  const { catalog, blobs, locations } = stores
  const bucket = locations.createBucket('in-bucket')
  await bucket.put('a.dcm', instance({ SOPInstanceUID: '2.25.1.1.1', PatientName: 'Slow' }))
  const slow = await submitJob(catalog)
  let overtaken = 0
  let documentsBefore = ''

  /** The first call runs another job to its end before it publishes. */
  const publish: ImportJobs['publish'] = async (lease, groups, at, documents) => {
    if (overtaken++ === 0) {
      documentsBefore = documents.blobKey
      await bucket.put('a.dcm', instance({ SOPInstanceUID: '2.25.1.1.2', PatientName: 'Fast' }))
      const fast = await submitJob(catalog, slow.datastoreId)
      const other = startImportWorker(testApp(stores))
      await untilEnded(catalog, fast)
      await other.stop()
    }
    return catalog.importJobs.publish(lease, groups, at, documents)
  }
  const worker = startImportWorker(
    testApp({ ...stores, catalog: { ...catalog, importJobs: { ...catalog.importJobs, publish } } }),
  )
  const ended = await untilEnded(catalog, slow)
  await worker.stop()

  assert.deepEqual([ended.jobStatus, overtaken], ['COMPLETED', 2])
  const { datastoreId } = slow
  const { rows } = await catalog.imageSets.search({ datastoreId, search: ALL, limit: 5 })
  assert.deepEqual(
    rows.map(({ version }) => version),
    [2],
  )
  const { patient, instances } = await latestDocument(stores, { datastoreId, imageSetId: rows[0]!.imageSetId })
  assert.deepEqual([patient.PatientName, instances], ['Slow', ['2.25.1.1.2', '2.25.1.1.1']])
  assert.equal(await blobs.open(documentsBefore), undefined, 'the discarded documents are removed')
})

test('documents of many image sets are in one blob', async (context) => {
  const stores = await openStores(context)
  const { catalog, locations } = stores
  const bucket = locations.createBucket('in-bucket')
  for (let number = 0; number < 250; number++) {
    const attributes = { SOPInstanceUID: `2.25.2.${number}`, StudyInstanceUID: `2.25.2.${number}` }
    await bucket.put(`${number}.dcm`, instance({ ...attributes, PatientName: `Name^${number}` }))
  }
  const job = await submitJob(catalog)
  const worker = startImportWorker(testApp(stores))
  await untilEnded(catalog, job)
  await worker.stop()
  const { datastoreId } = job
  const { rows } = await catalog.imageSets.search({ datastoreId, search: ALL, limit: 300 })
  assert.equal(rows.length, 250)
  const blobKeys = new Set<string>()
  for (const { imageSetId } of rows) {
    const { blobKey, patient, instances } = await latestDocument(stores, { datastoreId, imageSetId })
    blobKeys.add(blobKey)
    assert.deepEqual(instances, [`2.25.2.${patient.PatientName.slice('Name^'.length)}`])
  }
  assert.equal(blobKeys.size, 1)
})
