/** An import job of the benchmark: its files are recorded, and its groups wait to be published. */
import { createHash } from 'node:crypto'
import { searchedTexts } from '../../src/imaging/search/summary-attributes.ts'
import type { Catalog } from '../../src/stores/catalog/catalog.ts'
import type {
  GroupDocument,
  GroupDocuments,
  NextVersion,
  UnpublishedGroup,
} from '../../src/stores/catalog/image-set-records.ts'
import type { Lease, StoredFile } from '../../src/stores/catalog/import-job-repository.ts'
import { type BenchImageSet, NOW } from './data-set.ts'

/** Image sets that are published at once. */
export const BATCH = 100

/** An import job that has recorded one file for each image set, and its waiting groups. */
export async function recorded(
  catalog: Catalog,
  from: { readonly datastoreId: string; readonly job: string; readonly imageSets: readonly BenchImageSet[] },
): Promise<{
  readonly lease: Lease
  readonly groups: readonly UnpublishedGroup[]
  readonly documents: GroupDocuments
}> {
  const jobId = createHash('md5').update(from.job).digest('hex')
  const owner = 'bench'
  const lease: Lease = { jobId, owner }
  const submitted = await catalog.importJobs.submit({
    job: {
      jobId,
      datastoreId: from.datastoreId,
      jobName: from.job,
      jobStatus: 'SUBMITTED',
      dataAccessRoleArn: 'arn:aws:iam::000000000000:role/bench',
      inputS3Uri: 's3://bench-input/',
      outputS3Uri: 's3://bench-output/',
      importConfiguration: undefined,
      message: undefined,
      submittedAt: NOW,
      endedAt: undefined,
      filesDone: 0,
      filesFailed: 0,
      filesSkipped: 0,
      filesFound: undefined,
    },
    token: { clientToken: from.job, fingerprint: from.job, usedSince: 0 },
  })
  if (submitted.outcome !== 'submitted')
    throw new Error(`the job of the ${from.job} was not taken: ${submitted.outcome}`)
  await catalog.importJobs.claim({ owner, now: NOW, leaseUntil: NOW + 3_600_000 })
  const blobKey = blobKeyOf(jobId)
  const files = from.imageSets.map((imageSet, index) => fileOf(imageSet, index, blobKey))
  for (let start = 0; start < files.length; start += BATCH)
    await catalog.importJobs.record(lease, files.slice(start, start + BATCH), new Map([[blobKey, DIGEST]]))
  const groups = await catalog.importJobs.unpublishedGroups(jobId, files.length)
  if (groups.length !== files.length) throw new Error(`${files.length} image sets made ${groups.length} groups`)
  return { lease, groups, documents: documentsOf(await catalog.importJobs.nextVersions(jobId, groups), blobKey) }
}

/** A job has blobs of its own. */
const blobKeyOf = (jobId: string): string => `bench/${jobId}`
const DIGEST = { sizeBytes: 1_000, sha256: '0'.repeat(64) }
const METADATA_BYTES = { instanceMetadataBytes: 100, imageSetAttributesBytes: 100 }

/** As the catalog records them; no byte of them is read. */
const documentsOf = (versions: readonly NextVersion[], blobKey: string): GroupDocuments => ({
  blobKey,
  digest: DIGEST,
  revision: 0,
  byGroup: new Map(
    versions.map(({ groupId, base }): [number, GroupDocument] => [
      groupId,
      {
        ...{ base, offsetBytes: 0, sizeBytes: 200, contentBytes: 1_000, crc32: 0, bodyChecksum: 0 },
        declaredTexts: new Map(),
      },
    ]),
  ),
})

const fileOf = (imageSet: BenchImageSet, index: number, blobKey: string): StoredFile => ({
  outcome: 'stored',
  key: `file-${String(index).padStart(9, '0')}`,
  grouping: imageSet.grouping,
  sopInstanceUID: `${imageSet.grouping.SeriesInstanceUID}.1`,
  sopClassUID: '1.2.840.10008.5.1.4.1.1.2',
  transferSyntaxUID: '1.2.840.10008.1.2.1',
  unlistedTexts: imageSet.unlistedTexts,
  blobKey,
  offsetBytes: 0,
  sizeBytes: 1_000,
  metadata: { blobKey, offsetBytes: 0, ...METADATA_BYTES },
  instanceNumber: 1,
  tags: imageSet.tags,
  search: {
    ...searchedTexts(imageSet.grouping),
    DICOMStudyDateAndTime: imageSet.studyTimestamp,
  },
  warnings: [],
})
