/** What a partitioned catalog (src/stores/partitioned/) asks of a partition: a catalog that has the image sets of some studies, and the files of jobs. */
import type { BlobDigests } from '../blobs/blob-store.ts'
import type { JobEnd, LeasedJob } from './control-repository.ts'
import type { Declaration } from './declared-attribute-repository.ts'
import type { Lease } from './import-job-repository.ts'
import type { WorkflowLease, WorkflowRequest } from './workflow-repository.ts'

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

/** Its parts of data stores, import jobs, blobs and declarations. */
export interface PartitionRecords {
  /**
   * Begins its part of a job, or takes it over from the worker of an earlier claim, which loses its lease here.
   * @returns the greatest key that is recorded; undefined if there is none
   * @throws LeaseLost if a later claim has it
   */
  adopt(job: {
    readonly lease: Lease
    readonly claimed: LeasedJob
    readonly at: number
  }): Promise<{ readonly lastKey: string | undefined } | 'datastore-not-active'>
  /** Blobs of a job in which nothing was recorded. They are unreferenced when the job ends. @throws LeaseLost */
  addUnusedBlobs(lease: Lease, digests: BlobDigests): Promise<void>
  /** The worker of the lease takes its part of the job over, if it has one. @throws LeaseLost if a later claim has it */
  takeOver(lease: Lease, claims: number): Promise<void>
  /** The jobs that have not ended here; at most `limit`. */
  unended(limit: number): Promise<readonly string[]>
  /** Ends its part of a job that has ended, under any lease, and deletes what the job has recorded. */
  endPart(jobId: string, end: JobEnd): Promise<void>
  /** Deletes what jobs have recorded whose deletion was interrupted. */
  purgeEnded(): Promise<void>
  /** A data store that is CREATING becomes ACTIVE. */
  activate(datastoreId: string): Promise<void>
  /** Whether it has image sets of the data store. */
  holdsImageSets(datastoreId: string): Promise<boolean>
  /** A data store that is DELETING becomes ACTIVE again, because its deletion was refused elsewhere, or interrupted. */
  reopen(datastoreId: string): Promise<void>
  /** Which of the blobs it needs, or has needed since the given time. */
  blobsKept(blobKeys: readonly string[], since: number): Promise<readonly string[]>
  /** Which of the blobs it counts the size of. */
  blobsCounted(blobKeys: readonly string[]): Promise<readonly string[]>
  /** It counts the size of the blobs, which another one gives up. */
  countBlobs(blobKeys: readonly string[]): Promise<void>
  /** Parts of the blobs are used by no partition any more. */
  markPartlyUnreferenced(blobKeys: readonly string[], at: number): Promise<void>
  /** The data store of a claimed workflow. @throws WorkflowLeaseLost */
  datastoreOfWorkflow(lease: WorkflowLease): Promise<string>
  /** Workflows of the operation that have not ended. */
  countWorkflows(datastoreId: string, operation: WorkflowRequest['operation']): Promise<number>
  /** Of the first partition of a data store. Undefined if it does not exist. */
  standingDeclarations(datastoreId: string): Promise<StandingDeclarations | undefined>
  /** Of another partition: the same attributes are declared, with the same numbers, or begun to be removed. */
  followDeclarations(datastoreId: string, standing: StandingDeclarations): Promise<void>
  /** Which of the studies another one has instead. */
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
}
