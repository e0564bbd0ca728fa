/** Counts for monitoring, of all data stores. Cheap enough for once a minute. */

export interface Statistics {
  /** Data stores that are not deleted. */
  readonly datastores: readonly {
    readonly datastoreId: string
    readonly primaryImageSets: number
    /** Image sets that are not primary. */
    readonly otherImageSets: number
    /** Of its blobs: frames, files and metadata documents. */
    readonly storedBytes: number
  }[]
  /** Import jobs by status; deleted jobs are not counted. */
  readonly importJobs: readonly { readonly jobStatus: string; readonly count: number; readonly filesDone: number }[]
  /** When the oldest job that waits for a worker was submitted. */
  readonly oldestWaitingAt: number | undefined
}
