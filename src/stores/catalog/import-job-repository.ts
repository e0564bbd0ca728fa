/** Import jobs from submission to report, the files that they recorded, and the groups of files that they publish. */

import type { ImportConfiguration, JobStatus } from '../../contract/import-jobs.ts'
import type { TypeOf } from '../../contract/shapes.ts'
import type { GroupingElements } from '../../imaging/grouping.ts'
import type { ImportWarning } from '../../imaging/import-warnings.ts'
import type { SearchableImageSet } from '../../imaging/search/search.ts'
import type { BlobDigests } from '../blobs/blob-store.ts'
import type { ClientTokenUse } from './datastore-repository.ts'
import type {
  FramesRange,
  GeneratedImageSet,
  GroupDocuments,
  ImageSetVersion,
  MetadataRange,
  NextVersion,
  UnpublishedGroup,
} from './image-set-records.ts'

export interface ImportJob {
  readonly jobId: string
  readonly datastoreId: string
  readonly jobName: string | undefined
  readonly jobStatus: TypeOf<typeof JobStatus>
  readonly dataAccessRoleArn: string
  readonly inputS3Uri: string
  /** The job's own folder, ending in a slash. */
  readonly outputS3Uri: string
  readonly importConfiguration: TypeOf<typeof ImportConfiguration> | undefined
  readonly message: string | undefined
  readonly submittedAt: number
  readonly endedAt: number | undefined
  /** Files recorded so far, and files found in the input (undefined until the input is listed). */
  readonly filesDone: number
  /** Those of filesDone that were not imported. */
  readonly filesFailed: number
  readonly filesSkipped: number
  readonly filesFound: number | undefined
}

/** Takes the files of store requests (STOW-RS), not those of a bucket. Operations on import jobs do not see it. */
export const isStoring = ({ inputS3Uri }: Pick<ImportJob, 'inputS3Uri'>): boolean => inputS3Uri === ''

/** A job that a worker has claimed. */
export interface ClaimedJob extends ImportJob {
  /** Claims since the last progress (a file recorded, an image set published), this one included. More than 1: a worker died. */
  readonly attempt: number
  /** As `endTurn` was given it; undefined if the last worker did not end its turn: it died, or released the job. */
  readonly turnState: string | undefined
}

export type SubmitJobOutcome =
  | { readonly outcome: 'submitted' | 'repeated'; readonly job: ImportJob }
  | { readonly outcome: 'token-conflict' | 'too-many' | 'datastore-not-active' | 'datastore-absent' }

/** The claim of a worker on a job. A worker whose lease was taken over gets LeaseLost from every method. */
export interface Lease {
  readonly jobId: string
  /** Another one for each claim. It begins with the id of the worker (LEASE_WORKER_CHARACTERS), by which `expireLeases` finds it. */
  readonly owner: string
}

/** The characters of an owner that are the id of its worker. */
export const LEASE_WORKER_CHARACTERS = 32

export class LeaseLost extends Error {
  override readonly name = 'LeaseLost'
  constructor(lease: Lease) {
    super(`import job ${lease.jobId} was claimed by another worker`)
  }
}

/** An input file that was stored, with all that the catalog records of its instance. */
export interface StoredFile {
  readonly outcome: 'stored'
  /** The object key in the input bucket. */
  readonly key: string
  readonly grouping: GroupingElements
  readonly sopInstanceUID: string
  readonly sopClassUID: string
  readonly transferSyntaxUID: string
  /** The unchanged bytes of the file: a range of a blob. */
  readonly blobKey: string
  readonly offsetBytes: number
  readonly sizeBytes: number
  readonly metadata: MetadataRange
  readonly frames?: FramesRange
  /** Null where it has none, or one that is not an integer. */
  readonly instanceNumber: number | null
  /** The DICOMTags of the search summary, from this instance, without the two counts: JSON text. */
  readonly tags: string
  /** Texts that searches by words compare beside the tags: JSON text (imaging/search/described.ts). */
  readonly unlistedTexts: string | null
  readonly search: Omit<SearchableImageSet, 'rowId' | 'isPrimary' | 'createdAt' | 'updatedAt'>
  readonly warnings: readonly ImportWarning[]
}

export interface FailedFile {
  readonly outcome: 'failed'
  readonly key: string
  readonly exceptionType: 'ValidationException' | 'AccessDeniedException' | 'InternalServerException'
  readonly message: string
}

/** A file that is not an instance and not an error, such as a DICOMDIR. */
export interface SkippedFile {
  readonly outcome: 'skipped'
  readonly key: string
  readonly message: string
}

export type RecordedFile = StoredFile | FailedFile | SkippedFile

/** A line of a job's report. */
export type ReportLine =
  | {
      readonly outcome: 'stored'
      readonly key: string
      readonly imageSet: Omit<GeneratedImageSet, 'numberOfMatchedSOPInstances'>
      readonly warnings: readonly ImportWarning[]
    }
  | FailedFile
  | SkippedFile

export interface ImportJobs {
  /** Begins a job of store requests, which is claimed already. A claim after its lease has expired only publishes its recorded files. */
  beginStoring(request: {
    readonly lease: Lease
    readonly datastoreId: string
    readonly at: number
    readonly leaseUntil: number
  }): Promise<'begun' | 'datastore-not-active' | 'datastore-absent'>
  submit(request: {
    readonly job: ImportJob
    readonly token: ClientTokenUse
    /** The quota of jobs that have not ended; no limit if absent. */
    readonly runningMax?: number
  }): Promise<SubmitJobOutcome>
  get(job: { readonly datastoreId: string; readonly jobId: string }): Promise<ImportJob | undefined>
  /** Newest first, after the given one; at most `limit`. Without jobs submitted before `submittedSince`. */
  list(request: {
    readonly datastoreId: string
    readonly status: ImportJob['jobStatus'] | undefined
    readonly submittedSince: number
    readonly after: { readonly submittedAt: number; readonly jobId: string } | undefined
    readonly limit: number
  }): Promise<readonly ImportJob[]>
  /**
   * Claims a job that has no valid lease; it is then IN_PROGRESS. First come the data stores with the fewest claimed jobs, and of these the
   * one whose jobs were not claimed for the longest time. In a data store, jobs that were never claimed come first, in the order of their
   * submission, then the one that has waited longest since its turn ended, it was released or its lease expired.
   */
  claim(request: {
    readonly owner: string
    readonly now: number
    readonly leaseUntil: number
  }): Promise<ClaimedJob | undefined>
  renew(lease: Lease, leaseUntil: number): Promise<void>
  /** Another job can be claimed. */
  isOneWaiting(now: number): Promise<boolean>
  /** Gives up the lease, until the job's next turn. The claim counts as no attempt. @param turnState for the worker that claims it next */
  endTurn(lease: Lease, end: { readonly at: number; readonly turnState: string }): Promise<void>
  /** Gives up the lease. The job can be claimed from then on, and has had no attempts. */
  release(lease: Lease, from: number): Promise<void>
  /** The workers have died, or `all` that there were: their jobs can be claimed at once. An attempt stays an attempt. */
  expireLeases(workerIds: readonly string[] | 'all', at: number): Promise<void>
  setFilesFound(lease: Lease, filesFound: number): Promise<void>
  /** The greatest recorded input key. A resumed job continues after it. */
  lastRecordedKey(jobId: string): Promise<string | undefined>
  /** Which of the input keys are recorded. */
  recordedKeys(jobId: string, keys: readonly string[]): Promise<readonly string[]>
  /**
   * Records a batch of files, all or none. Keys must be in ascending order. The files are not visible before they are published.
   * @param digests of the blobs that contain the files
   */
  record(lease: Lease, files: readonly RecordedFile[], digests: BlobDigests): Promise<void>
  /** Sorted by the first key of each group; at most `limit`. */
  unpublishedGroups(jobId: string, limit: number): Promise<readonly UnpublishedGroup[]>
  /**
   * Publishes each group as a new image set or as the next version of one (imaging/grouping.ts): versions, instances and search index in
   * one transaction. Of files with the same SOPInstanceUID, the one with the last key counts.
   * @param documents the metadata document of every group
   * @returns image sets in the order of the groups
   * @throws ImageSetChanged if the version that a document was joined from is no longer the latest; DeclarationsChanged; ImageSetLocked if
   * a workflow has locked an image set
   */
  publish(
    lease: Lease,
    groups: readonly UnpublishedGroup[],
    at: number,
    documents: GroupDocuments,
  ): Promise<readonly GeneratedImageSet[]>
  /**
   * Records files as `record` does and publishes their groups as `publish` does, in one transaction, or neither. The job has no other files
   * that wait to be published.
   * @param batch.documents of all groups of the stored files; the ids of the groups are the caller's
   * @returns image sets in the order of the groups
   * @throws as publish
   */
  recordAndPublish(
    lease: Lease,
    batch: {
      readonly files: readonly RecordedFile[]
      readonly digests: BlobDigests
      readonly documents: GroupDocuments & { readonly groups: readonly UnpublishedGroup[] }
      readonly at: number
    },
  ): Promise<readonly GeneratedImageSet[]>
  /** The versions that groups with these elements would extend now; undefined where they would become new image sets. */
  versionsToExtend(
    datastoreId: string,
    groupings: readonly GroupingElements[],
  ): Promise<readonly (ImageSetVersion | undefined)[]>
  /** In the order of the groups, all of one job. */
  nextVersions(jobId: string, groups: readonly UnpublishedGroup[]): Promise<readonly NextVersion[]>
  generatedImageSets(jobId: string): AsyncIterable<GeneratedImageSet>
  /** Sorted by input key. */
  reportLines(jobId: string): AsyncIterable<ReportLine>
  /** Ends the job and deletes its recorded files. From then on, only the report in the output folder lists them. */
  finish(
    lease: Lease,
    end: { readonly jobStatus: 'COMPLETED' | 'FAILED'; readonly message: string | undefined; readonly endedAt: number },
  ): Promise<void>
}
