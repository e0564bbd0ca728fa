/**
 * What a partitioned catalog (src/stores/partitioned/) asks of the catalogs that it is made of: the control catalog, which has the import jobs
 * and data stores, and the partitions, each with the files of jobs and the image sets of some studies.
 */
import type { BlobDigests } from '../blobs/blob-store.ts'
import type { DeleteDatastoreOutcome } from './datastore-repository.ts'
import type { Declaration } from './declared-attribute-repository.ts'
import type { Lease } from './import-job-repository.ts'
import type { WorkflowLease, WorkflowRequest } from './workflow-repository.ts'

export interface LeasedJob {
  readonly datastoreId: string
  /** How often the job was claimed: a later claim has a greater number. */
  readonly claims: number
}

/** Partitions of studies, by StudyInstanceUID. */
export type MovedStudies = ReadonlyMap<string, number>

/** Studies that another partition has than the one that was asked to record or publish something of them. Nothing of it was done. */
export class StudiesMoved extends Error {
  override readonly name = 'StudiesMoved'
  readonly to: MovedStudies
  constructor(to: MovedStudies) {
    super(`${to.size} studies are in another partition`)
    this.to = to
  }
}

/** The attributes that a data store declares searchable, removed ones too until their texts are, and how often that changed. */
export interface StandingDeclarations {
  readonly revision: number
  readonly declarations: readonly Declaration[]
}

export interface JobEnd {
  readonly jobStatus: 'COMPLETED' | 'FAILED'
  readonly endedAt: number
}

/** While it lasts, no transaction of the catalog commits that changes data stores, jobs, workflows or image sets: they wait. */
export interface PausedWrites {
  /** @throws StoreUnavailable if it has ended before */
  release(): Promise<void>
}

/** What a catalog takes up, and where it is. */
export interface CatalogUse {
  readonly bytes: number
  /** Of all search indexes: an image set has one for each text that it is found by. */
  readonly indexEntries: number
  /** Image sets whose words are not merged into the postings yet. */
  readonly indexBacklog: number
  /** Of all its data stores. */
  readonly changes: number
  /** Of Citus, `host:port`; empty elsewhere. */
  readonly nodes: readonly string[]
  /** The nodes of Citus that it is being moved to now. */
  readonly movingTo: readonly string[]
}

export interface PartitionRecords {
  /** Of any catalog: returns if it answers. @throws StoreUnavailable */
  answers(): Promise<void>
  /** Of any catalog: the value with the name; undefined if there is none. */
  setting(name: string): Promise<string | undefined>
  /** Of any catalog: stores the value, unless there is one. @returns the stored one, which never changes */
  keepSetting(name: string, value: string): Promise<string>
  /** Of the control catalog: over how many partitions the studies of a data store are spread. Undefined if it does not exist. It never changes. */
  partitionsOf(datastoreId: string): Promise<number | undefined>
  /** Of the control catalog: the greatest number of partitions of a data store that has several and was created; 0 if none has. */
  mostPartitions(): Promise<number>
  /** Of the control catalog: the job of a lease. @throws LeaseLost */
  leased(lease: Lease): Promise<LeasedJob>
  /** Of the control catalog: the data store of a job, whether it has ended or not. */
  datastoreOf(jobId: string): Promise<string | undefined>
  /**
   * Of the control catalog: files up to the key were recorded in partitions; progress was made. They are counted once.
   * @throws LeaseLost
   */
  noteRecorded(
    lease: Lease,
    progress: {
      readonly files: number
      readonly failed: number
      readonly skipped: number
      readonly lastKey: string | undefined
    },
  ): Promise<void>
  /** Of the control catalog: whether an import job of the data store, which is no store request, has not ended. */
  isImporting(datastoreId: string): Promise<boolean>
  /**
   * Of a partition: begins its part of a job, or takes it over from the worker of an earlier claim, which loses its lease here.
   * @returns the greatest key that is recorded; undefined if there is none
   * @throws LeaseLost if a later claim has it
   */
  adopt(job: {
    readonly lease: Lease
    readonly claimed: LeasedJob
    readonly at: number
  }): Promise<{ readonly lastKey: string | undefined } | 'datastore-not-active'>
  /** Of a partition: blobs of a job in which nothing was recorded. They are unreferenced when the job ends. @throws LeaseLost */
  addUnusedBlobs(lease: Lease, digests: BlobDigests): Promise<void>
  /** Of a partition: the worker of the lease takes its part of the job over, if it has one. @throws LeaseLost if a later claim has it */
  takeOver(lease: Lease, claims: number): Promise<void>
  /** Of a partition: the jobs that have not ended here; at most `limit`. */
  unended(limit: number): Promise<readonly string[]>
  /** Of the control catalog: how a job has ended; undefined if it has not, or does not exist. */
  endOf(jobId: string): Promise<JobEnd | undefined>
  /** Of a partition: ends its part of a job that has ended, under any lease, and deletes what the job has recorded. */
  endPart(jobId: string, end: JobEnd): Promise<void>
  /** Of a partition: deletes what jobs have recorded whose deletion was interrupted. */
  purgeEnded(): Promise<void>
  /** Of a partition: a data store that is CREATING becomes ACTIVE. */
  activate(datastoreId: string): Promise<void>
  /** Of a partition: whether it has image sets of the data store. */
  holdsImageSets(datastoreId: string): Promise<boolean>
  /** Of the control catalog: how often the partitions of a data store were opened again. */
  timesReopened(datastoreId: string): Promise<number>
  /** Of the control catalog: the partitions of an ACTIVE data store are about to be opened again. @returns whether it is ACTIVE */
  noteReopened(datastoreId: string): Promise<boolean>
  /** Of a partition: a data store that is DELETING becomes ACTIVE again, because its deletion was refused elsewhere, or interrupted. */
  reopen(datastoreId: string): Promise<void>
  /** Of the control catalog: as that of data stores, if the partitions were opened again only so many times. */
  beginDelete(
    datastoreId: string,
    deletion: { readonly at: number; readonly reopened: number },
  ): Promise<DeleteDatastoreOutcome | 'reopened'>
  /** Of the control catalog: whether a backup runs, whose snapshot may need blobs that are unreferenced now. */
  isBackupRunning(now: number): Promise<boolean>
  /** Of a partition: which of the blobs it needs, or has needed since the given time. */
  blobsKept(blobKeys: readonly string[], since: number): Promise<readonly string[]>
  /** Of a partition: which of the blobs it counts the size of. */
  blobsCounted(blobKeys: readonly string[]): Promise<readonly string[]>
  /** Of a partition: it counts the size of the blobs, which another one gives up. */
  countBlobs(blobKeys: readonly string[]): Promise<void>
  /** Of a partition: parts of the blobs are used by no partition any more. */
  markPartlyUnreferenced(blobKeys: readonly string[], at: number): Promise<void>
  /** The data store of a claimed workflow. @throws WorkflowLeaseLost */
  datastoreOfWorkflow(lease: WorkflowLease): Promise<string>
  /** Workflows of the operation that have not ended. */
  countWorkflows(datastoreId: string, operation: WorkflowRequest['operation']): Promise<number>
  /** Of the first partition of a data store. Undefined if it does not exist. */
  standingDeclarations(datastoreId: string): Promise<StandingDeclarations | undefined>
  /** Of another partition: the same attributes are declared, with the same numbers, or begun to be removed. */
  followDeclarations(datastoreId: string, standing: StandingDeclarations): Promise<void>
  /** Of a partition: which of the studies another one has instead. */
  movedStudies(datastoreId: string, studyInstanceUIDs: readonly string[]): Promise<MovedStudies>
  /**
   * Of the partition that the hash of a study names: from now on another one has the study. `elsewhere`: image sets of it are here, or a third
   * partition has it. `being-imported`: a job has recorded files of it here.
   */
  keepStudyIn(study: {
    readonly datastoreId: string
    readonly studyInstanceUID: string
    readonly partition: number
  }): Promise<'kept' | 'elsewhere' | 'being-imported' | 'absent'>
  use(): Promise<CatalogUse>
  /** For the moment in which the snapshots of all catalogs begin, so that they are of one state. @throws StoreUnavailable */
  pauseWrites(): Promise<PausedWrites>
}
