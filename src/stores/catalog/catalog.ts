/**
 * The edge where facts are kept: data stores, import jobs, image sets, tags. Every verb is one transaction: what it answers has
 * happened, whole and durably, and what it did not answer has not happened at all. Times are milliseconds since 1970.
 */

import type { DatastoreStatus, LosslessStorageFormat } from '../../contract/datastores.ts'
import type { ImportConfiguration, JobStatus } from '../../contract/import-jobs.ts'
import type { TypeOf } from '../../contract/shapes.ts'
import type { GroupingElements } from '../../imaging/grouping.ts'
import type { ImportWarning } from '../../imaging/import-warnings.ts'
import type { Position, Search, SearchableImageSet } from '../../imaging/search/search.ts'
import type { BlobDigests, Blobs } from './blob-repository.ts'
import type {
  DocumentPlace,
  DocumentsOfGroups,
  FramesPlace,
  GeneratedImageSet,
  ImageSetVersion,
  InstanceParts,
  InstancePlace,
  LevelsPlace,
  MetadataPlace,
  VersionOfDatastore,
  VersionToBe,
  WaitingGroup,
} from './image-set-records.ts'
import type { SearchIndex, SearchPage } from './search-repository.ts'
import type { ImageSetProperties, Workflows } from './workflow-repository.ts'

export * from './blob-repository.ts'
export * from './image-set-records.ts'
export * from './search-repository.ts'
export * from './workflow-repository.ts'

import type { Tags } from './tagged-resources.ts'

export * from './tagged-resources.ts'

export interface Catalog {
  readonly datastores: Datastores
  readonly importJobs: ImportJobs
  readonly imageSets: ImageSets
  readonly workflows: Workflows
  readonly tags: Tags
  readonly blobs: Blobs
  readonly searchIndex: SearchIndex
  /** Random bytes made at first use and kept: every process of one catalog gets the same for a name. */
  secret(name: string): Promise<Uint8Array>
  /** Answers when a write can be made; throws where the store is away or read-only. */
  check(): Promise<void>
  close(): Promise<void>
}

// ---- Data stores -------------------------------------------------------------------------------------------------

export interface Datastore {
  readonly datastoreId: string
  readonly datastoreName: string | undefined
  readonly datastoreStatus: TypeOf<typeof DatastoreStatus>
  readonly kmsKeyArn: string | undefined
  readonly lambdaAuthorizerArn: string | undefined
  readonly losslessStorageFormat: TypeOf<typeof LosslessStorageFormat>
  readonly createdAt: number
  readonly updatedAt: number
}

/** A client token stands for one request: `fingerprint` is equal where the other parameters are. */
export interface ClientTokenUse {
  readonly clientToken: string
  readonly fingerprint: string
  /** Uses before this moment are forgotten. */
  readonly usedSince: number
}

export type CreateDatastoreOutcome =
  | { readonly outcome: 'created' | 'repeated'; readonly datastore: Datastore }
  | { readonly outcome: 'token-of-another-request' | 'too-many' }

export type DeleteDatastoreOutcome = 'deleting' | 'absent' | 'not-active' | 'holds-image-sets' | 'import-running'

export interface Datastores {
  /** `activeMax` is the quota of data stores that are not deleted, where one is set. */
  create(request: {
    readonly datastore: Datastore
    readonly tags: Readonly<Record<string, string>>
    readonly token: ClientTokenUse
    readonly activeMax?: number
  }): Promise<CreateDatastoreOutcome>
  /** A deleted one is there as long as it was deleted after `deletedSince`. */
  get(datastoreId: string, options: { readonly deletedSince: number }): Promise<Datastore | undefined>
  /** Newest first, at most `limit`, those after the given one. */
  list(request: {
    readonly status: Datastore['datastoreStatus'] | undefined
    readonly deletedSince: number
    readonly after: { readonly createdAt: number; readonly datastoreId: string } | undefined
    readonly limit: number
  }): Promise<readonly Datastore[]>
  /** CREATING becomes ACTIVE, DELETING becomes DELETED; any other status stays. */
  settle(datastoreId: string, at: number): Promise<void>
  /** Ids of the data stores that a crash left in CREATING or DELETING. */
  unsettled(): Promise<readonly string[]>
  /** Turns an ACTIVE data store without image sets and running jobs to DELETING. */
  beginDelete(datastoreId: string, at: number): Promise<DeleteDatastoreOutcome>
}

// ---- Import jobs -------------------------------------------------------------------------------------------------

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
  | { readonly outcome: 'token-of-another-request' | 'too-many' | 'datastore-not-active' | 'datastore-absent' }

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
  readonly metadata?: MetadataPlace
  readonly frames?: FramesPlace
  /** The DICOMTags of a search summary as this instance has them, without the two counts: JSON text. */
  readonly tags: string
  readonly search: Pick<
    SearchableImageSet,
    | 'DICOMPatientId'
    | 'DICOMAccessionNumber'
    | 'DICOMStudyId'
    | 'DICOMStudyInstanceUID'
    | 'DICOMSeriesInstanceUID'
    | 'DICOMStudyDateAndTime'
  >
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
  record(lease: Lease, files: readonly RecordedFile[], digests?: BlobDigests): Promise<void>
  /** The groups that have no image set yet, in the order of their first keys; at most `limit`. */
  waitingGroups(jobId: string, limit: number): Promise<readonly WaitingGroup[]>
  /**
   * Makes groups visible, each as a new image set or as the next version of one, by the rules of imaging/grouping.ts: versions,
   * instances and search rows in one transaction. Of files with the same SOPInstanceUID the last key wins.
   * @param documents the metadata document of every group; without them the versions' documents are pending.
   * @returns in the order of the groups.
   * @throws ImageSetMoved where a document was made from a version that is no longer the latest, ImageSetLocked where a workflow has one.
   */
  publish(
    lease: Lease,
    groups: readonly WaitingGroup[],
    at: number,
    documents?: DocumentsOfGroups,
  ): Promise<readonly GeneratedImageSet[]>
  /** In the order of the groups, which wait in one job. */
  versionsToBe(jobId: string, groups: readonly WaitingGroup[]): Promise<readonly VersionToBe[]>
  generatedImageSets(jobId: string): AsyncIterable<GeneratedImageSet>
  /** In order of the input keys. */
  reportLines(jobId: string): AsyncIterable<ReportLine>
  /** Ends the job and forgets its files: from here the report in the output folder is the record of them. */
  finish(
    lease: Lease,
    end: { readonly jobStatus: 'COMPLETED' | 'FAILED'; readonly message: string | undefined; readonly endedAt: number },
  ): Promise<void>
}

// ---- Image sets --------------------------------------------------------------------------------------------------

export interface ImageSets {
  search(request: {
    readonly datastoreId: string
    readonly search: Search
    readonly after?: Position
    /** From the page before; without it the search sees what is committed now. */
    readonly asOf?: number
    readonly limit: number
    /** Asks for the total as well. Only a first page has one: with `asOf` there is none. */
    readonly count?: 'exact'
  }): Promise<SearchPage>
  /** Of the latest version, or of the given one. One that was deleted is there as long as it was after `deletedSince`. */
  get(imageSet: {
    readonly datastoreId: string
    readonly imageSetId: string
    readonly version?: number
    readonly deletedSince: number
  }): Promise<ImageSetProperties | undefined>
  /** Newest first, at most `limit`, those before the given one; undefined where there is no such image set. */
  versions(imageSet: {
    readonly datastoreId: string
    readonly imageSetId: string
    readonly deletedSince: number
    readonly before: number | undefined
    readonly limit: number
  }): Promise<readonly ImageSetProperties[] | undefined>
  /** Where patient, study and series of a version lie; `of-last-instance` of what came in before they were kept. */
  levels(version: VersionOfDatastore): Promise<LevelsPlace | 'of-last-instance' | 'absent'>
  /** The instances of the latest version, by SOPInstanceUID. */
  instances(imageSet: { readonly datastoreId: string; readonly imageSetId: string }): Promise<readonly InstancePlace[]>
  /** Where the frames lie whose ids begin with the key, and the file that they are of: in any version of the image set. */
  frames(frames: {
    readonly datastoreId: string
    readonly imageSetId: string
    readonly framesKey: string
  }): Promise<{ readonly frames: FramesPlace; readonly file: InstancePlace } | undefined>
  /** The instances of a version in the order in which they were stored, or some of them in any order; none where it is not there. */
  parts(
    version: VersionOfDatastore & { readonly sopInstanceUIDs?: readonly string[] },
  ): Promise<readonly InstanceParts[]>
  /** How many instances a version has, counted no further than `max`. */
  countInstances(version: VersionOfDatastore & { readonly max: number }): Promise<number>
  /**
   * The metadata document of a version, or of the latest. `absent`: there is no such image set, or it has no such version; `pending`: the
   * version is there and its document is not made yet.
   */
  document(version: {
    readonly datastoreId: string
    readonly imageSetId: string
    readonly version?: number
  }): Promise<DocumentPlace | 'absent' | 'pending'>
  /** Versions of which the document is not made yet, in the order of their ids, those after the given one. */
  pendingDocuments(request: {
    readonly after: ImageSetVersion | undefined
    readonly limit: number
  }): Promise<readonly VersionOfDatastore[]>
  /** `made-already`: another was faster; `absent`: the image set is gone. */
  addDocument(
    version: VersionOfDatastore,
    document: DocumentPlace,
    digests?: BlobDigests,
  ): Promise<'added' | 'made-already' | 'absent'>
  /** Image sets were read at these times. Those that are known to have been read shortly before are left as they are. */
  accessed(
    accesses: readonly { readonly datastoreId: string; readonly imageSetId: string; readonly at: number }[],
    options: { readonly unlessWithinMs: number },
  ): Promise<void>
  /** The image set and its instances are gone from every answer. */
  delete(imageSet: {
    readonly datastoreId: string
    readonly imageSetId: string
    readonly at: number
  }): Promise<'deleted' | 'absent'>
}
