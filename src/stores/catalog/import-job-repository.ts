/** Import jobs: their life from submission to report, the files that they recorded, and the groups that wait to be published. */

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
  /** Files dealt with so far, and files found under the input once that is known. */
  readonly filesDone: number
  readonly filesFound: number | undefined
}

/** A job in the hands of a worker. */
export interface ClaimedJob extends ImportJob {
  /** 1 for the first claim, and one more for each since a file was recorded or an image set published: who claimed it then died. */
  readonly attempt: number
}

export type SubmitJobOutcome =
  | { readonly outcome: 'submitted' | 'repeated'; readonly job: ImportJob }
  | { readonly outcome: 'token-conflict' | 'too-many' | 'datastore-not-active' | 'datastore-absent' }

/** Who works on a job, and until when nobody else may. A worker that lost its lease gets LeaseLost from every verb. */
export interface Lease {
  readonly jobId: string
  readonly owner: string
}

export class LeaseLost extends Error {
  override readonly name = 'LeaseLost'
  constructor(lease: Lease) {
    super(`import job ${lease.jobId} was taken over by another worker`)
  }
}

/** An input file whose bytes are kept: everything the catalog must know to show its instance. */
export interface StoredFile {
  readonly outcome: 'stored'
  /** The object key in the input bucket. */
  readonly key: string
  readonly grouping: GroupingElements
  readonly sopInstanceUID: string
  readonly sopClassUID: string
  readonly transferSyntaxUID: string
  /** Where its bytes lie, as they came, P10 from the first byte to the last. */
  readonly blobKey: string
  readonly offsetBytes: number
  readonly sizeBytes: number
  readonly metadata: MetadataRange
  readonly frames?: FramesRange
  /** The DICOMTags of a search summary as this instance has them, without the two counts: JSON text. */
  readonly tags: string
  readonly search: Omit<SearchableImageSet, 'rowId' | 'isPrimary' | 'createdAt' | 'updatedAt'>
  readonly warnings: readonly ImportWarning[]
}

export interface FailedFile {
  readonly outcome: 'failed'
  readonly key: string
  readonly exceptionType: 'ValidationException' | 'AccessDeniedException' | 'InternalServerException'
  readonly message: string
}

/** A file that belongs to a disc or an operating system and is no instance: no mistake, and nothing to import. */
export interface SkippedFile {
  readonly outcome: 'skipped'
  readonly key: string
  readonly message: string
}

/** What is recorded of an input file. */
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
  submit(request: {
    readonly job: ImportJob
    readonly token: ClientTokenUse
    /** The quota of jobs that have not ended, where one is set. */
    readonly runningMax?: number
  }): Promise<SubmitJobOutcome>
  get(job: { readonly datastoreId: string; readonly jobId: string }): Promise<ImportJob | undefined>
  /** Newest first, at most `limit`, those after the given one; jobs submitted before `submittedSince` are left out. */
  list(request: {
    readonly datastoreId: string
    readonly status: ImportJob['jobStatus'] | undefined
    readonly submittedSince: number
    readonly after: { readonly submittedAt: number; readonly jobId: string } | undefined
    readonly limit: number
  }): Promise<readonly ImportJob[]>
  /**
   * A job that is SUBMITTED, the oldest first; where there is none, one that is IN_PROGRESS and released, or whose lease ran out. It is
   * IN_PROGRESS and ours from here.
   */
  claim(request: {
    readonly owner: string
    readonly now: number
    readonly leaseUntil: number
  }): Promise<ClaimedJob | undefined>
  renew(lease: Lease, leaseUntil: number): Promise<void>
  /** Gives up the lease: the job goes behind those that were never claimed, and behind those that were released before. */
  release(lease: Lease, at: number): Promise<void>
  setFilesFound(lease: Lease, filesFound: number): Promise<void>
  /** The greatest input key recorded: a job that goes on after a crash goes on behind it. */
  lastRecordedKey(jobId: string): Promise<string | undefined>
  /** Those of the input keys that are recorded. */
  recordedKeys(jobId: string, keys: readonly string[]): Promise<readonly string[]>
  /**
   * Records a batch of files, in ascending order of their keys, all or none. Nothing of them is visible yet.
   * @param digests of the blobs that they lie in.
   */
  record(lease: Lease, files: readonly RecordedFile[], digests: BlobDigests): Promise<void>
  /** The groups that have no image set yet, in the order of their first keys; at most `limit`. */
  unpublishedGroups(jobId: string, limit: number): Promise<readonly UnpublishedGroup[]>
  /**
   * Makes groups visible, each as a new image set or as the next version of one, by the rules of imaging/grouping.ts: versions,
   * instances and search rows in one transaction. Of files with the same SOPInstanceUID the last key wins.
   * @param documents the metadata document of every group.
   * @returns in the order of the groups.
   * @throws ImageSetChanged where a document was made from a version that is no longer the latest, ImageSetLocked where a workflow has one.
   */
  publish(
    lease: Lease,
    groups: readonly UnpublishedGroup[],
    at: number,
    documents: GroupDocuments,
  ): Promise<readonly GeneratedImageSet[]>
  /** In the order of the groups, which wait in one job. */
  nextVersions(jobId: string, groups: readonly UnpublishedGroup[]): Promise<readonly NextVersion[]>
  generatedImageSets(jobId: string): AsyncIterable<GeneratedImageSet>
  /** In order of the input keys. */
  reportLines(jobId: string): AsyncIterable<ReportLine>
  /** Ends the job and forgets its files: from here the report in the output folder is the record of them. */
  finish(
    lease: Lease,
    end: { readonly jobStatus: 'COMPLETED' | 'FAILED'; readonly message: string | undefined; readonly endedAt: number },
  ): Promise<void>
}
