/** A document that was extended in memory is the one that would have been joined from all instances, for every version. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { gunzipSync } from 'node:zlib'
import type { ImportApp } from '../../app.ts'
import { ExplicitVRLittleEndian, encodeP10 } from '../../dicom/encode.ts'
import { gzipAround } from '../../imaging/documents/metadata-document.ts'
import { submitJob, testApp } from '../../ingest/import-job.fixture.ts'
import { storedChecksum } from '../../pixel-data/checksum/stored-checksum.ts'
import { newId } from '../../server/new-id.ts'
import { readAll } from '../../stores/blobs/blob-store.ts'
import { openMemoryBlobs } from '../../stores/blobs/memory/memory-blobs.ts'
import { openMemoryLocations } from '../../stores/blobs/memory/memory-locations.ts'
import { openSqliteCatalog } from '../../stores/sql/open-sqlite.ts'
import { imageSetIdsOf, importInstances } from '../imported-instances.fixture.ts'
import { startStoreRequests } from './store-requests.ts'

const SERIES = '2.25.1.1'

interface Sent {
  readonly number: number
  /** An attribute of the series. */
  readonly station?: string
  readonly comments?: string
}

const fileOf = ({ number, station = 'A', comments = 'none' }: Sent): Uint8Array =>
  encodeP10({
    transferSyntaxUID: ExplicitVRLittleEndian,
    attributes: {
      ...{
        SOPClassUID: '1.2.840.10008.5.1.4.1.1.7',
        SOPInstanceUID: `${SERIES}.${number}`,
        StudyInstanceUID: '2.25.1',
      },
      ...{ SeriesInstanceUID: SERIES, SeriesNumber: 1, PatientID: 'P1', PatientName: 'DOE^JANE', StationName: station },
      ImageComments: comments,
    },
  })

/** One request each. */
const REQUESTS: readonly (readonly Sent[])[] = [
  [{ number: 1 }],
  [{ number: 2 }],
  [{ number: 3, station: 'B' }, { number: 4 }],
  [{ number: 5 }, { number: 6, comments: 'x'.repeat(40_000) }],
  // Replaces an instance.
  [{ number: 2, comments: 'again' }],
  [{ number: 7, station: 'B' }],
  [{ number: 8, station: 'B' }],
  [{ number: 9 }, { number: 10, station: 'B' }],
  Array.from({ length: 300 }, (_, at) => ({ number: 100 + at, station: 'B', comments: `slice ${at}` })),
  [{ number: 11, station: 'B' }],
]

async function openApp(context: TestContext, storeMemoryBytes: number) {
  const catalog = await openSqliteCatalog({ path: ':memory:', newId })
  context.after(() => catalog.close())
  const read = { instanceRecords: 0 }
  const { instanceRecords } = catalog.imageSets
  const counted: typeof instanceRecords = (version) => {
    read.instanceRecords += 1
    return instanceRecords(version)
  }
  const app = testApp(
    {
      catalog: { ...catalog, imageSets: { ...catalog.imageSets, instanceRecords: counted } },
      blobs: openMemoryBlobs(),
      locations: openMemoryLocations(),
    },
    { limits: { storeMemoryBytes, importFilesPerBatch: 1_000 } },
  )
  return { app, read, datastoreId: (await submitJob(catalog)).datastoreId }
}

/** The documents after each request. */
async function documentsAfter(app: ImportApp, datastoreId: string, between?: (request: number) => Promise<unknown>) {
  const requests = startStoreRequests(app)
  const documents: string[] = []
  for (const [at, files] of REQUESTS.entries()) {
    const request = await requests.open({
      ...{ callerId: 'mary', datastoreId, studyInstanceUID: undefined, isHeld: false },
    })
    for (const file of files) {
      await request.add(
        (async function* () {
          yield fileOf(file)
        })(),
      )
    }
    const outcomes = await request.finish()
    assert.ok(outcomes.every(({ outcome }) => outcome === 'stored'))
    documents.push(await documentOf(app, datastoreId))
    await between?.(at)
  }
  await requests.stop()
  return documents
}

/** Without the ids. */
async function documentOf(app: ImportApp, datastoreId: string): Promise<string> {
  const imageSetId = (await imageSetIdsOf(app, datastoreId)).get(SERIES)!
  const place = await app.catalog.imageSets.document({ datastoreId, imageSetId })
  assert.ok(typeof place === 'object')
  const { blobKey, offsetBytes: start, sizeBytes: length, bodyChecksum } = place
  const body = await readAll((await app.blobs.open(blobKey, { start, length }))!)
  assert.equal(storedChecksum(0, body), bodyChecksum)
  const { before, after } = gzipAround({ DatastoreID: datastoreId, ImageSetID: imageSetId }, place)
  // Checks the CRC32 and the length too.
  const text = gunzipSync(Buffer.concat([before, body, after])).toString()
  JSON.parse(text)
  return text.replace(datastoreId, '').replace(imageSetId, '')
}

test('a document that is extended in memory is the one that is joined from all instances', async (context) => {
  const joined = await openApp(context, 0)
  const extended = await openApp(context, 4_000_000)
  const ofJoined = await documentsAfter(joined.app, joined.datastoreId)
  const ofExtended = await documentsAfter(extended.app, extended.datastoreId)
  for (const [at, document] of ofExtended.entries()) assert.equal(document, ofJoined[at], `request ${at + 1}`)
  // The rows of all instances are read where an instance is replaced (5) and where the attributes of the series change (6).
  assert.equal(joined.read.instanceRecords - extended.read.instanceRecords, REQUESTS.length - 1 - 2)
})

test('a document in memory is not used after another job has extended the image set', async (context) => {
  const apps = [await openApp(context, 0), await openApp(context, 4_000_000)]
  const documents: (readonly string[])[] = []
  for (const { app, datastoreId } of apps) {
    const importAfter = async (request: number) => {
      if (request === 1) await importInstances(app, [{ series: 1, number: 50 }], datastoreId)
    }
    documents.push(await documentsAfter(app, datastoreId, importAfter))
  }
  assert.deepEqual(documents[1], documents[0])
})

test('a file whose image set another job extends at the same time is published after it', async (context) => {
  const { app, datastoreId } = await openApp(context, 4_000_000)
  const { importJobs } = app.catalog
  let asked = 0
  const versionsToExtend: typeof importJobs.versionsToExtend = async (...of) => {
    const versions = await importJobs.versionsToExtend(...of)
    asked += 1
    if (asked === 3) await importInstances(app, [{ series: 1, number: 50 }], datastoreId)
    return versions
  }
  const slow = { ...app, catalog: { ...app.catalog, importJobs: { ...importJobs, versionsToExtend } } }
  const documents = await documentsAfter(slow, datastoreId)
  assert.equal(asked, REQUESTS.length)
  const sops = [...documents.at(-1)!.matchAll(/"SOPInstanceUID":"([^"]+)"/g)].map((match) => match[1]!)
  const expected = [50, ...REQUESTS.flat().map(({ number }) => number)].map((number) => `${SERIES}.${number}`)
  assert.deepEqual(new Set(sops), new Set(expected))
})
