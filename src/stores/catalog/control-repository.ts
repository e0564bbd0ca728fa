/** What a partitioned catalog (src/stores/partitioned/) asks of its control catalog, which has the data stores and the import jobs. */
import type { DeleteDatastoreOutcome } from './datastore-repository.ts'
import type { Lease } from './import-job-repository.ts'

export interface LeasedJob {
  readonly datastoreId: string
  /** How often the job was claimed: a later claim has a greater number. */
  readonly claims: number
}

export interface JobEnd {
  readonly jobStatus: 'COMPLETED' | 'FAILED'
  readonly endedAt: number
}

/** The data stores and import jobs whose image sets are in partitions. */
export interface ControlRecords {
  /** Over how many partitions the studies of a data store are spread. Undefined if it does not exist. It never changes. */
  partitionsOf(datastoreId: string): Promise<number | undefined>
  /** The greatest number of partitions of a data store that has several and was created; 0 if none has. */
  mostPartitions(): Promise<number>
  /** The job of a lease. @throws LeaseLost */
  leased(lease: Lease): Promise<LeasedJob>
  /** The data store of a job, whether it has ended or not. */
  datastoreOf(jobId: string): Promise<string | undefined>
  /**
   * Files up to the key were recorded in partitions; progress was made. They are counted once.
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
  /** Whether an import job of the data store, which is no store request, has not ended. */
  isImporting(datastoreId: string): Promise<boolean>
  /** How a job has ended; undefined if it has not, or does not exist. */
  endOf(jobId: string): Promise<JobEnd | undefined>
  /** How often the partitions of a data store were opened again. */
  timesReopened(datastoreId: string): Promise<number>
  /** The partitions of an ACTIVE data store are about to be opened again. @returns whether it is ACTIVE */
  noteReopened(datastoreId: string): Promise<boolean>
  /** As that of data stores, if the partitions were opened again only so many times. */
  beginDelete(
    datastoreId: string,
    deletion: { readonly at: number; readonly reopened: number },
  ): Promise<DeleteDatastoreOutcome | 'reopened'>
  /** Whether a backup runs, whose snapshot may need blobs that are unreferenced now. */
  isBackupRunning(now: number): Promise<boolean>
}
