/** Data stores, import jobs and files for tests of a catalog, with defaults for all values that a test does not name. */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { crc32, deflateRawSync } from 'node:zlib'
import { type DeclaredTexts, textOfUnlisted } from '../../../imaging/search/described.ts'
import { studyTimestamp } from '../../../imaging/search/study-timestamp.ts'
import { searchedTexts } from '../../../imaging/search/summary-attributes.ts'
import type { BlobDigest, BlobDigests } from '../../blobs/blob-store.ts'
import type { Catalog } from '../catalog.ts'
import type { Datastore } from '../datastore-repository.ts'
import {
  type FramesRange,
  type GeneratedImageSet,
  type GroupDocument,
  type GroupDocuments,
  ImageSetChanged,
  type NextVersion,
  type UnpublishedGroup,
} from '../image-set-records.ts'
import type { FailedFile, ImportJob, Lease, RecordedFile, SkippedFile, StoredFile } from '../import-job-repository.ts'
import type { OpenCatalog } from './catalog.conformance.ts'

/** The time at which tests begin. */
export const AT = Date.UTC(2026, 3, 1, 12)

/** A sequence of ids of 32 hex digits, the same in every run. */
export function countedIds(): () => string {
  let count = 0
  return () => {
    count += 1
    return (count * 0x9e3779b1).toString(16).padStart(32, 'c0ffee')
  }
}

let sequences = 0

/** Like countedIds, but each call returns a different sequence: for several catalogs on one database. */
export function uniqueIds(): () => string {
  const sequence = ++sequences
  let count = 0
  return () => idOf(`${sequence} ${++count}`)
}

/** Does some work with an empty catalog, which is removed at once. For a test that needs one after the other. */
export async function withCatalog(open: OpenCatalog, work: (catalog: Catalog) => Promise<void>): Promise<void> {
  const removals: (() => Promise<void>)[] = []
  try {
    await work(await open({ after: (removal) => removals.push(removal) }))
  } finally {
    for (const removal of removals) await removal()
  }
}

export const idOf = (name: string): string => createHash('md5').update(name).digest('hex')

export function datastoreNamed(name: string, values: Partial<Datastore> = {}): Datastore {
  return {
    datastoreId: idOf(name),
    datastoreName: name,
    datastoreStatus: 'CREATING',
    kmsKeyArn: undefined,
    lambdaAuthorizerArn: undefined,
    losslessStorageFormat: 'HTJ2K',
    createdAt: AT,
    updatedAt: AT,
    ...values,
  }
}

/** Creates an ACTIVE data store and returns its id. */
export async function createDatastore(catalog: Catalog, name = 'store'): Promise<string> {
  const datastore = datastoreNamed(name)
  await catalog.datastores.create({ datastore, tags: {}, token: tokenOf(name) })
  await catalog.datastores.settle(datastore.datastoreId, AT)
  return datastore.datastoreId
}

export const tokenOf = (clientToken: string, values: { fingerprint?: string; usedSince?: number } = {}) => ({
  clientToken,
  fingerprint: 'the same request',
  usedSince: AT - 24 * 3_600_000,
  ...values,
})

export function jobNamed(name: string, values: Partial<ImportJob> & Pick<ImportJob, 'datastoreId'>): ImportJob {
  return {
    jobId: idOf(name),
    jobName: name,
    jobStatus: 'SUBMITTED',
    dataAccessRoleArn: 'arn:aws:iam::123456789012:role/import',
    inputS3Uri: 's3://input/scans/',
    outputS3Uri: `s3://output/${name}/`,
    importConfiguration: undefined,
    message: undefined,
    submittedAt: AT,
    endedAt: undefined,
    filesDone: 0,
    filesFailed: 0,
    filesSkipped: 0,
    filesFound: undefined,
    ...values,
  }
}

/** Submits a job and claims it for the named worker. */
export async function startJob(
  catalog: Catalog,
  { datastoreId, name = 'job', owner = 'worker' }: { datastoreId: string; name?: string; owner?: string },
): Promise<Lease> {
  const job = jobNamed(name, { datastoreId })
  const submitted = await catalog.importJobs.submit({ job, token: tokenOf(name) })
  assert.equal(submitted.outcome, 'submitted')
  const claimed = await catalog.importJobs.claim({ owner, now: AT, leaseUntil: AT + 30_000 })
  assert.equal(claimed?.jobId, job.jobId)
  return { jobId: job.jobId, owner }
}

/** Studies that a data store of two, three or four partitions has in one of them. The first is that of a file without another. */
export const TOGETHER = ['1.2.3', '1.2.13', '1.2.26'] as const

export interface FileValues {
  readonly study?: string
  readonly series?: string
  readonly sop?: string
  readonly patientId?: string | null
  readonly accessionNumber?: string | null
  readonly studyId?: string | null
  readonly studyDate?: string | null
  readonly studyTime?: string | null
  readonly seriesNumber?: string | null
  readonly patientName?: string
  readonly modality?: string
  readonly seriesDescription?: string | null
  readonly blobKey?: string
  readonly sizeBytes?: number
  readonly frames?: FramesRange
  readonly warnings?: StoredFile['warnings']
  readonly instanceNumber?: number
}

export function storedFile(key: string, values: FileValues = {}): StoredFile {
  const {
    study = TOGETHER[0],
    series = `${study}.1`,
    sop = `${series}.${Buffer.from(key).readUIntBE(0, Math.min(6, key.length))}`,
    patientId = 'PAT1',
    accessionNumber = 'ACC1',
    studyId = 'S1',
    studyDate = '20260331',
    studyTime = '101500',
    seriesNumber = '1',
    patientName = 'DOE^JANE',
    modality,
    seriesDescription = null,
    blobKey = 'blob',
  } = values
  const grouping = {
    StudyInstanceUID: study,
    StudyDate: studyDate,
    AccessionNumber: accessionNumber,
    PatientID: patientId,
    StudyID: studyId,
    SeriesInstanceUID: series,
    SeriesNumber: seriesNumber,
  }
  return {
    outcome: 'stored',
    key,
    grouping,
    sopInstanceUID: sop,
    sopClassUID: '1.2.840.10008.5.1.4.1.1.2',
    transferSyntaxUID: '1.2.840.10008.1.2.1',
    blobKey,
    offsetBytes: 0,
    sizeBytes: values.sizeBytes ?? 1_000,
    metadata: {
      blobKey,
      offsetBytes: 0,
      instanceMetadataBytes: DOCUMENT_AT,
      imageSetAttributesBytes: DOCUMENT_BODY.length,
    },
    ...(values.frames === undefined ? {} : { frames: values.frames }),
    instanceNumber: values.instanceNumber ?? null,
    tags: JSON.stringify({
      DICOMPatientId: patientId,
      DICOMPatientName: patientName,
      DICOMAccessionNumber: accessionNumber,
      DICOMSeriesModality: modality,
    }),
    unlistedTexts: textOfUnlisted({ SeriesDescription: seriesDescription }),
    search: {
      ...searchedTexts(grouping),
      DICOMStudyDateAndTime: studyTimestamp(studyDate, studyTime, { strict: false }) ?? null,
    },
    warnings: values.warnings ?? [],
  }
}

export const failedFile = (key: string): FailedFile => ({
  outcome: 'failed',
  key,
  exceptionType: 'ValidationException',
  message: 'DICOM attributes does not exist',
})

export const skippedFile = (key: string): SkippedFile => ({
  outcome: 'skipped',
  key,
  message: 'A DICOMDIR, which lists other files and has no instance',
})

const JSON_OF_DOCUMENT = Buffer.from('{}')
const DOCUMENT_BODY = deflateRawSync(JSON_OF_DOCUMENT)
const DOCUMENT_AT = 20

/** The bytes of the blob of a file; tests that read none of them put no blob. */
export const BLOB_BYTES = Buffer.concat([Buffer.alloc(DOCUMENT_AT), DOCUMENT_BODY, Buffer.alloc(1_000)]).subarray(
  0,
  1_000,
)

export const DIGEST: BlobDigest = {
  sizeBytes: BLOB_BYTES.length,
  sha256: createHash('sha256').update(BLOB_BYTES).digest('hex'),
}

export const digestsOf = (blobKeys: readonly string[]): BlobDigests => new Map(blobKeys.map((key) => [key, DIGEST]))

export function record(catalog: Catalog, lease: Lease, files: readonly RecordedFile[]): Promise<void> {
  const keys = files.flatMap((file) =>
    file.outcome === 'stored'
      ? [file.blobKey, file.metadata.blobKey, ...(file.frames === undefined ? [] : [file.frames.blobKey])]
      : [],
  )
  return catalog.importJobs.record(lease, files, digestsOf(keys))
}

const BODY = { contentBytes: JSON_OF_DOCUMENT.length, crc32: crc32(JSON_OF_DOCUMENT), bodyChecksum: 0 }

/** The texts of declared attributes that versions get. */
interface Declaring {
  readonly revision: number
  textsOf(version: NextVersion): DeclaredTexts
}

const NOTHING_DECLARED: Declaring = { revision: 0, textsOf: () => new Map() }

/** Documents by blob. The document of a group has the range of its last file's image set attributes, so that no other blob is used. */
export async function documentsOf(
  catalog: Catalog,
  lease: Lease,
  groups: readonly UnpublishedGroup[],
  declaring: Declaring = NOTHING_DECLARED,
): Promise<readonly GroupDocuments[]> {
  const versions = await catalog.importJobs.nextVersions(lease.jobId, groups)
  const metadataOf = ({ added }: NextVersion) => added.at(-1)!.metadata
  return [...Map.groupBy(versions, (version) => metadataOf(version).blobKey)].map(([blobKey, some]) => {
    const byGroup = some.map((version): [number, GroupDocument] => {
      const { offsetBytes, instanceMetadataBytes, imageSetAttributesBytes: sizeBytes } = metadataOf(version)
      const place = { offsetBytes: offsetBytes + instanceMetadataBytes, sizeBytes, ...BODY }
      return [version.groupId, { base: version.base, ...place, declaredTexts: declaring.textsOf(version) }]
    })
    return { blobKey, digest: DIGEST, byGroup: new Map(byGroup), revision: declaring.revision }
  })
}

/** Publishes all unpublished groups of the job, in their order if their documents are in one blob. */
export async function publishAll(
  catalog: Catalog,
  lease: Lease,
  at: number,
  declaring?: Declaring,
): Promise<readonly GeneratedImageSet[]> {
  const generated = new Map<number, GeneratedImageSet>()
  const all = await catalog.importJobs.unpublishedGroups(lease.jobId, 10_000)
  while (generated.size < all.length) {
    const groups = all.filter(({ groupId }) => !generated.has(groupId))
    for (const documents of await documentsOf(catalog, lease, groups, declaring)) {
      const some = groups.filter(({ groupId }) => documents.byGroup.has(groupId))
      try {
        const published = await catalog.importJobs.publish(lease, some, at, documents)
        for (const [index, { groupId }] of some.entries()) generated.set(groupId, published[index]!)
      } catch (error) {
        if (!(error instanceof ImageSetChanged)) throw error
      }
    }
  }
  return all.map(({ groupId }) => generated.get(groupId)!)
}

/** Imports the files in one job, from submission to completion. */
export async function importFiles(
  catalog: Catalog,
  { datastoreId, files, at = AT }: { datastoreId: string; files: readonly StoredFile[]; at?: number },
): Promise<readonly GeneratedImageSet[]> {
  const all = { datastoreId, status: undefined, submittedSince: 0, after: undefined, limit: 1_000 }
  const name = `import ${(await catalog.importJobs.list(all)).length} of ${datastoreId.slice(0, 8)}`
  const lease = await startJob(catalog, { datastoreId, name })
  await record(catalog, lease, files)
  const generated = await publishAll(catalog, lease, at)
  await catalog.importJobs.finish(lease, { jobStatus: 'COMPLETED', message: undefined, endedAt: at })
  return generated
}

export async function collected<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}
