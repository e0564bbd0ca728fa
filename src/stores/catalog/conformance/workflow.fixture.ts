/** Updates, copies and deletions of image sets, for tests of a catalog. */
import assert from 'node:assert/strict'
import type { GroupingElements } from '../../../imaging/grouping.ts'
import type { Catalog } from '../catalog.ts'
import type { StoredFile } from '../import-job-repository.ts'
import type {
  BeginWorkflowOutcome,
  ClaimedWorkflow,
  CopyRequest,
  UpdateRequest,
  VersionToPublish,
  WorkflowRequest,
} from '../workflow-repository.ts'
import { AT, createDatastore, digestsOf, type FileValues, importFiles, storedFile } from './catalog.fixture.ts'

export const describedFile = (key: string, values: FileValues = {}): StoredFile => ({
  ...storedFile(key, { ...values, blobKey: `file ${key}` }),
  metadata: { blobKey: `metadata ${key}`, offsetBytes: 10, instanceMetadataBytes: 200, imageSetAttributesBytes: 30 },
  frames: {
    ...{ framesKey: key.padStart(24, '0'), frameCount: 3, storedTransferSyntaxUID: '1.2.840.10008.1.2.4.202' },
    ...{ blobKey: `frames ${key}`, offsetBytes: 5, sizeBytes: 48, holds: 'table' },
  },
})

/** A data store with one image set of three instances, SOPInstanceUIDs 1.1, 1.2 and 1.3. */
export async function withImageSet(catalog: Catalog, values: FileValues = {}) {
  const datastoreId = await createDatastore(catalog)
  const files = ['a', 'b', 'c'].map((key, index) => describedFile(key, { ...values, sop: `1.${index + 1}` }))
  const [made] = await importFiles(catalog, { datastoreId, files })
  return { datastoreId, imageSetId: made!.imageSetId }
}

export interface ImageSet {
  readonly datastoreId: string
  readonly imageSetId: string
}

export const updateOf = (imageSetId: string, version: number, values: Partial<UpdateRequest> = {}): UpdateRequest => ({
  operation: 'UpdateImageSetMetadata',
  imageSet: { imageSetId, version },
  forced: false,
  includeStudyImageSets: false,
  update: { removableAttributes: undefined, updatableAttributes: 'e30=' },
  ...values,
})

export const copyOf = (imageSetId: string, version: number, values: Partial<CopyRequest> = {}): CopyRequest => ({
  operation: 'CopyImageSet',
  source: { imageSetId, version },
  destination: undefined,
  sopInstanceUIDs: undefined,
  forced: false,
  promoteToPrimary: false,
  ...values,
})

export async function begin(catalog: Catalog, datastoreId: string, request: WorkflowRequest, at = AT + 1_000) {
  const begun = await catalog.workflows.begin({ datastoreId, request, at })
  assert.equal(begun.outcome, 'begun', JSON.stringify(begun))
  return (begun as BeginWorkflowOutcome & { readonly outcome: 'begun' }).imageSets
}

export async function claim(catalog: Catalog, owner = 'worker', now = AT + 1_000): Promise<ClaimedWorkflow> {
  const claimed = await catalog.workflows.claim({ owner, now, leaseUntil: now + 30_000 })
  assert.ok(claimed, 'there is a workflow to claim')
  return claimed
}

export const ELEMENTS: GroupingElements = {
  ...{ StudyInstanceUID: '1.2.3', StudyDate: '20260331', AccessionNumber: 'ACC1', PatientID: 'PAT1', StudyID: 'S1' },
  ...{ SeriesInstanceUID: '1.2.3.1', SeriesNumber: '1' },
}

export const versionOf = (imageSetId: string, values: Partial<VersionToPublish> = {}): VersionToPublish => ({
  imageSetId,
  attributes: { blobKey: `image set attributes of ${imageSetId}`, offsetBytes: 0, sizeBytes: 30 },
  document: {
    ...{ blobKey: `document of ${imageSetId}`, offsetBytes: 1, sizeBytes: 2 },
    ...{ contentBytes: 3, crc32: 4, bodyChecksum: 5 },
  },
  grouping: ELEMENTS,
  studyTimestamp: null,
  tags: '{"DICOMPatientName":"NEW"}',
  unlistedTexts: null,
  instances: { kind: 'changed', removed: [], replaced: [] },
  ...values,
})

/** How a workflow ends, with digests of all blobs that its versions may have added. */
export const endOf = (versions: readonly VersionToPublish[], at: number) => ({
  ...{ versions, at, revision: 0 },
  digests: digestsOf(
    versions.flatMap(({ attributes, document, instances }) => [
      ...[attributes, document].flatMap((place) => ('sharedWith' in place ? [] : [place.blobKey])),
      ...(instances.kind === 'changed' ? instances.replaced.map(({ by }) => by.metadata.blobKey) : []),
    ]),
  ),
})

export async function search(catalog: Catalog, datastoreId: string) {
  const all = { filters: [], sort: { sortField: 'updatedAt', sortOrder: 'DESC' } } as const
  return (await catalog.imageSets.search({ datastoreId, search: all, limit: 100 })).rows
}

export const get = (catalog: Catalog, imageSet: ImageSet & { readonly version?: number }, deletedSince = AT) =>
  catalog.imageSets.get({ ...imageSet, deletedSince })

export const statusOf = (properties: Awaited<ReturnType<typeof get>>) =>
  properties && [properties.version, properties.imageSetState, properties.workflowStatus]

export const instanceUIDsOf = async (catalog: Catalog, imageSet: ImageSet, version: number) =>
  (await catalog.imageSets.instanceRecords({ ...imageSet, version })).map(({ sopInstanceUID }) => sopInstanceUID).sort()

/** An update from request to completion. */
export async function update(
  catalog: Catalog,
  { datastoreId, imageSetId }: ImageSet,
  values: Partial<VersionToPublish> & { readonly from: number; readonly at?: number },
) {
  const { from, at = AT + 2_000, ...version } = values
  await begin(catalog, datastoreId, updateOf(imageSetId, from))
  const { lease } = await claim(catalog)
  assert.equal(await catalog.workflows.complete(lease, endOf([versionOf(imageSetId, version)], at)), 'completed')
}
