/** For tests of workflows: operations and their workers over real stores, and the versions that result. */
import assert from 'node:assert/strict'
import { gunzipSync } from 'node:zlib'
import type { App, ImportApp } from '../app.ts'
import { DEFAULT_LIMITS } from '../default-limits.ts'
import { ExplicitVRLittleEndian, encodeP10 } from '../dicom/encode.ts'
import { gzipAround } from '../imaging/documents/metadata-document.ts'
import { submitJob, testApp, untilEnded } from '../ingest/import-job.fixture.ts'
import type { Limits } from '../limits.ts'
import { handlers } from '../operations/index.ts'
import { NO_AUDIT_LOG } from '../security/audit/audit-log.ts'
import type { openStores } from '../server/open-stores.ts'
import { openReplyBuffers } from '../server/reply-buffers.ts'
import { readAll } from '../stores/blobs/blob-store.ts'
import type { Catalog } from '../stores/catalog/catalog.ts'
import type { ImageSetProperties } from '../stores/catalog/image-set-records.ts'
import { startImportWorker } from './import-worker.ts'
import { startWorkflowWorker } from './workflow-worker.ts'

export type Stores = Omit<Awaited<ReturnType<typeof openStores>>, 'dataKeys' | 'bucketsOf'>

export interface ImageSet {
  readonly datastoreId: string
  readonly imageSetId: string
}

/** The request of an operation, as data that can be passed to another process as JSON. */
export type Operation =
  | { readonly name: 'update'; readonly of: ImageSet; readonly put: object; readonly ofStudy?: boolean }
  | { readonly name: 'revert'; readonly of: ImageSet; readonly to: number }
  | {
      readonly name: 'copy'
      readonly of: ImageSet
      readonly into?: ImageSet
      readonly instance?: { readonly series: string; readonly uid: string }
      readonly force?: boolean
    }
  | { readonly name: 'delete'; readonly of: ImageSet }

export type WholeApp = App & ImportApp

export const appOver = (
  stores: Stores,
  options: { limits?: Partial<Limits>; clock?: () => number } = {},
): WholeApp => ({
  ...testApp(stores, options),
  callers: {
    find: () => undefined,
    refresh: () => {},
    makeKey: () => assert.fail('no key is made'),
    startSession: () => assert.fail('no session is started'),
  },
  authorizers: { has: () => false, authenticate: () => assert.fail('no token is decided') },
  authorize: () => {},
  audit: NO_AUDIT_LOG,
  pageTokens: { seal: () => '', open: () => undefined },
  dataKeys: { keyFor: async () => undefined, check: () => undefined, forget: () => {} },
  background: { run: () => {} },
  accessTimes: { note: () => {}, lastOf: () => undefined },
  uploadUsage: { take: async () => undefined, forget: () => {} },
  consoleLinks: { make: () => assert.fail('no link is made'), redeem: async () => undefined },
  downloadLinks: { make: () => assert.fail('no link is made'), redeem: async () => undefined },
  throttleBuckets: { take: () => undefined },
  serverCount: () => 1,
  frameDecoder: {
    framesAhead: () => 0,
    decode: () => assert.fail('no frame is decoded'),
    render: () => assert.fail('no frame is rendered'),
  },
  replyBuffers: openReplyBuffers(DEFAULT_LIMITS),
  storeRequests: { open: () => assert.fail('no store request is opened') },
  workWaits: () => {},
  region: 'us-east-1',
  accountId: '000000000000',
  awsQuotas: false,
})

const NOTES = { requestHeaders: () => undefined, replyHeaders: {} }

/** Requests the operation on the latest version. @returns the image sets that it changes or creates */
export async function begin(app: App, operation: Operation): Promise<readonly ImageSet[]> {
  const { of } = operation
  const { datastoreId, imageSetId } = of
  const latestVersionId = String((await propertiesOf(app.catalog, of)).version)
  switch (operation.name) {
    case 'update': {
      const updatableAttributes = Buffer.from(JSON.stringify({ SchemaVersion: '1.1', ...operation.put }))
      const updateImageSetMetadataUpdates = { DICOMUpdates: { updatableAttributes } }
      const includeStudyImageSets = operation.ofStudy ?? false
      await handlers.UpdateImageSetMetadata(
        { ...of, latestVersionId, includeStudyImageSets, updateImageSetMetadataUpdates } as never,
        ...([app, NOTES] as const),
      )
      return [of]
    }
    case 'revert': {
      const updateImageSetMetadataUpdates = { revertToVersionId: String(operation.to) }
      await handlers.UpdateImageSetMetadata(
        { ...of, latestVersionId, updateImageSetMetadataUpdates } as never,
        app,
        NOTES,
      )
      return [of]
    }
    case 'copy': {
      const { into, instance, force } = operation
      const copiableAttributes =
        instance && JSON.stringify({ Study: { Series: { [instance.series]: { Instances: { [instance.uid]: {} } } } } })
      const answer = await handlers.CopyImageSet(
        {
          ...{ datastoreId, sourceImageSetId: imageSetId, force },
          copyImageSetInformation: {
            sourceImageSet: { latestVersionId, ...(copiableAttributes && { DICOMCopies: { copiableAttributes } }) },
            ...(into && {
              destinationImageSet: {
                imageSetId: into.imageSetId,
                latestVersionId: String((await propertiesOf(app.catalog, into)).version),
              },
            }),
          },
        } as never,
        ...([app, NOTES] as const),
      )
      const { imageSetId: made } = answer.destinationImageSetProperties as { readonly imageSetId: string }
      return [of, { datastoreId, imageSetId: made }]
    }
    case 'delete':
      await handlers.DeleteImageSet(of, app, NOTES)
      return [of]
  }
}

export async function propertiesOf(catalog: Catalog, imageSet: ImageSet): Promise<ImageSetProperties> {
  const found = await catalog.imageSets.get({ ...imageSet, deletedSince: 0 })
  assert.ok(found, 'the image set is returned')
  return found
}

export async function untilUnlocked(catalog: Catalog, imageSets: readonly ImageSet[]): Promise<void> {
  for (const imageSet of imageSets) {
    while ((await propertiesOf(catalog, imageSet)).imageSetState === 'LOCKED') {
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
  }
}

/** Requests the operation and runs its workflow to the end. */
export async function perform(app: WholeApp, operation: Operation): Promise<readonly ImageSet[]> {
  const imageSets = await begin(app, operation)
  const worker = startWorkflowWorker(app)
  await untilUnlocked(app.catalog, imageSets)
  await worker.stop()
  return imageSets
}

// ---- Image sets that tests start with ----------------------------------------------------------------------------

export const SERIES = '2.25.1.1'

/** @param variant another one makes an image set of the same series that is not primary */
export const instance = (series: string, number: number, variant: number): Uint8Array =>
  encodeP10({
    transferSyntaxUID: ExplicitVRLittleEndian,
    attributes: {
      SOPClassUID: '1.2.840.10008.5.1.4.1.1.7',
      SOPInstanceUID: `${series}.${variant}.${number}`,
      StudyInstanceUID: '2.25.1',
      SeriesInstanceUID: series,
      PatientID: `P${variant}`,
      PatientName: 'First',
      // A series attribute with a different value in each instance.
      StationName: `S${number}`,
      ...{
        Rows: 2,
        Columns: 2,
        BitsAllocated: 8,
        BitsStored: 8,
        HighBit: 7,
        PixelRepresentation: 0,
        SamplesPerPixel: 1,
      },
      PhotometricInterpretation: 'MONOCHROME2',
    },
    pixelData: { frames: [Uint8Array.of(number, variant, series.length, 0)] },
  })

/** A primary image set, another one of its study, and one of its series that is not primary, with three instances each. */
export async function importThree(app: WholeApp): Promise<readonly [ImageSet, ImageSet, ImageSet]> {
  const job = await submitJob(app.catalog)
  const [input, output] = [await app.locations.openBucket('in-bucket'), await app.locations.openBucket('out-bucket')]
  assert.ok(!('closed' in input) && !('closed' in output))
  for (const [index, [series, variant]] of (
    [
      [SERIES, 1],
      ['2.25.1.2', 1],
      [SERIES, 2],
    ] as const
  ).entries()) {
    for (const number of [1, 2, 3]) await input.put(`${index}-${number}.dcm`, instance(series, number, variant))
  }
  const worker = startImportWorker(app)
  const ended = await untilEnded(app.catalog, job)
  await worker.stop()
  assert.equal(ended.jobStatus, 'COMPLETED', ended.message)
  const imageSets = (await imageSetsOf(app.catalog, job.datastoreId)).toSorted((a, b) =>
    a.imageSetId < b.imageSetId ? -1 : 1,
  )
  assert.equal(imageSets.length, 3)
  return imageSets as unknown as readonly [ImageSet, ImageSet, ImageSet]
}

const ALL = { filters: [], sort: { sortField: 'createdAt', sortOrder: 'ASC' } } as const

export async function imageSetsOf(catalog: Catalog, datastoreId: string): Promise<readonly ImageSet[]> {
  const { rows } = await catalog.imageSets.search({ datastoreId, search: ALL, limit: 1_000 })
  return rows.map(({ imageSetId }) => ({ datastoreId, imageSetId }))
}

// ---- What tests compare ------------------------------------------------------------------------------------------

interface SeenVersion {
  readonly version: number
  readonly state: string
  readonly status: string
  readonly document: string
  readonly PatientName: unknown
  readonly StudyDescription: unknown
  readonly instances: readonly string[]
}

/** Every version of an image set with its metadata document, oldest first. */
export async function versionsOf({ catalog, blobs }: Stores, imageSet: ImageSet): Promise<readonly SeenVersion[]> {
  const wanted = { ...imageSet, deletedSince: 0, before: undefined, limit: 1_000 }
  const versions = (await catalog.imageSets.versions(wanted))!.toReversed()
  return Promise.all(
    versions.map(async ({ version, imageSetState, workflowStatus }) => {
      const place = await catalog.imageSets.document({ ...imageSet, version })
      assert.ok(typeof place === 'object', `version ${version} has no document: ${String(place)}`)
      const { blobKey, offsetBytes, sizeBytes } = place
      const body = await readAll((await blobs.open(blobKey, { start: offsetBytes, length: sizeBytes }))!)
      const { before, after } = gzipAround(
        { DatastoreID: imageSet.datastoreId, ImageSetID: imageSet.imageSetId },
        place,
      )
      const document = gunzipSync(Buffer.concat([before, body, after])).toString()
      const { Patient, Study } = JSON.parse(document)
      const [series] = Object.values<{ Instances: object }>(Study.Series)
      const instances = Object.keys(series!.Instances).sort()
      const parts = await catalog.imageSets.instanceRecords({ ...imageSet, version })
      assert.deepEqual(parts.map(({ sopInstanceUID }) => sopInstanceUID).sort(), instances)
      return {
        ...{ version, state: imageSetState, status: workflowStatus, document, instances },
        ...{ PatientName: Patient.DICOM.PatientName, StudyDescription: Study.DICOM.StudyDescription },
      }
    }),
  )
}
