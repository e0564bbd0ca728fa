/** Image sets that came in before there were documents get theirs from their files, whatever size these have. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import { type Attributes, ExplicitVRLittleEndian, encodeP10, RLELossless } from '../dicom/encode.ts'
import { parseP10 } from '../dicom/parse.ts'
import { gzipAround } from '../imaging/documents/metadata-document.ts'
import { readInstance } from '../imaging/instances/instance.ts'
import { testApp } from '../ingest/import-job.fixture.ts'
import { newId } from '../server/new-id.ts'
import { readAll } from '../stores/blobs/blob-store.ts'
import { openMemoryBlobs } from '../stores/blobs/memory/memory-blobs.ts'
import { openMemoryLocations } from '../stores/blobs/memory/memory-locations.ts'
import { createDatastore, importFiles } from '../stores/catalog/conformance/catalog.fixture.ts'
import type { DocumentPlace, GeneratedImageSet } from '../stores/catalog/image-set-records.ts'
import type { StoredFile } from '../stores/catalog/import-job-repository.ts'
import { openSqliteCatalog } from '../stores/sql/open-sqlite.ts'
import { describeOldVersions } from './describe-old-versions.ts'

const blobs = openMemoryBlobs()

/** A file as it was recorded before metadata were kept. */
async function oldFile(key: string, file: { attributes: Attributes; rle?: boolean; pixelBytes?: number }) {
  const { attributes, rle = false, pixelBytes = 16 } = file
  const bytes = encodeP10({
    transferSyntaxUID: rle ? RLELossless : ExplicitVRLittleEndian,
    attributes: {
      SOPClassUID: '1.2.840.10008.5.1.4.1.1.7',
      SOPInstanceUID: `2.25.1.1.${key}`,
      StudyInstanceUID: '2.25.1',
      SeriesInstanceUID: '2.25.1.1',
      DigitalSignaturesSequence: [{ MACIDNumber: 7 }],
      ...attributes,
    },
    pixelData: { frames: [new Uint8Array(pixelBytes)] },
  })
  // Behind other bytes, as in a batch.
  await blobs.put(key, Buffer.concat([Buffer.alloc(100), bytes]))
  const stored: StoredFile = {
    ...readInstance(parseP10(bytes)),
    outcome: 'stored',
    key,
    blobKey: key,
    offsetBytes: 100,
    sizeBytes: bytes.length,
  }
  return stored
}

async function documentAt(place: DocumentPlace) {
  const { blobKey, offsetBytes, sizeBytes } = place
  const body = await readAll((await blobs.open(blobKey, { start: offsetBytes, length: sizeBytes }))!)
  const { before, after } = gzipAround({ DatastoreID: 'd', ImageSetID: 'i' }, place)
  const { Patient, Study } = JSON.parse(gunzipSync(Buffer.concat([before, body, after])).toString())
  return { patient: Patient.DICOM, instances: Study.Series['2.25.1.1'].Instances }
}

test('each version gets its own, with all elements of small and large files', async () => {
  const catalog = await openSqliteCatalog({ path: ':memory:', newId })
  const datastoreId = await createDatastore(catalog)
  const limits = { importWholeFileBytes: 2 * 1024 * 1024 }
  const app = testApp({ catalog, blobs, locations: openMemoryLocations() }, { limits })
  const large = { pixelBytes: 3 * 1024 * 1024 }
  const files = [
    await oldFile('1', { attributes: { PatientName: 'First' } }),
    await oldFile('2', { attributes: { PatientName: 'Second' }, ...large }),
    await oldFile('3', { attributes: { PatientName: 'Third' }, ...large, rle: true }),
  ]
  const [made] = await importFiles(catalog, { datastoreId, files })
  await importFiles(catalog, {
    datastoreId,
    files: [await oldFile('4', { attributes: { SOPInstanceUID: '2.25.1.1.1', PatientName: 'Fourth' } })],
  })

  await describeOldVersions(app, new AbortController().signal)
  const { imageSetId } = made!
  const document = async (version: number) => {
    const place = await catalog.imageSets.document({ datastoreId, imageSetId, version })
    assert.ok(typeof place === 'object')
    return documentAt(place)
  }
  const first = await document(1)
  assert.equal(first.patient.PatientName, 'Third')
  assert.deepEqual(Object.keys(first.instances), ['2.25.1.1.1', '2.25.1.1.2', '2.25.1.1.3'])
  for (const { DICOM } of Object.values<{ DICOM: object }>(first.instances)) {
    assert.deepEqual('DigitalSignaturesSequence' in DICOM && DICOM.DigitalSignaturesSequence, [{ MACIDNumber: 7 }])
  }
  const second = await document(2)
  assert.equal(second.patient.PatientName, 'Fourth')
  assert.deepEqual(Object.keys(second.instances), ['2.25.1.1.2', '2.25.1.1.3', '2.25.1.1.1'])
  assert.deepEqual(await catalog.imageSets.pendingDocuments({ after: undefined, limit: 1 }), [])
  await catalog.close()
})

test('a file that cannot be described keeps its own image set waiting, not the others', async () => {
  const catalog = await openSqliteCatalog({ path: ':memory:', newId })
  const datastoreId = await createDatastore(catalog)
  const sets: GeneratedImageSet[] = []
  for (const study of ['2.25.7', '2.25.8']) {
    const file = await oldFile(study, { attributes: { StudyInstanceUID: study, SeriesInstanceUID: `${study}.1` } })
    sets.push((await importFiles(catalog, { datastoreId, files: [file] }))[0]!)
  }
  await blobs.remove(['2.25.7'])
  const logged: object[] = []
  const app = testApp({ catalog, blobs, locations: openMemoryLocations() })
  const log = { ...app.log, error: (fields: object) => logged.push(fields) }
  await describeOldVersions({ ...app, log }, new AbortController().signal)
  const state = async (index: number) =>
    typeof (await catalog.imageSets.document({ datastoreId, imageSetId: sets[index]!.imageSetId }))
  assert.deepEqual([await state(0), await state(1), logged.length], ['string', 'object', 1])
  await catalog.close()
})
