/** The last backups and verifications, below /hilum/ (docs/extensions.md). Times are seconds since 1970, as in the API. */

export interface MaintenanceRunSummary {
  readonly startedAt: number
  readonly endedAt?: number | undefined
  readonly outcome: 'running' | 'succeeded' | 'failed' | 'lost'
  /** Of one that succeeded: what it found. Of one that failed: `reason`. Of one that runs: how far it is. */
  readonly report: Readonly<Record<string, unknown>>
}

/** Where there are backups, an older last one is a warning. */
export const BACKUP_WARNING_DAYS = 7

/** Newest first. */
export interface MaintenanceRuns {
  /** Of each kind, also where it is not one of the last. */
  readonly lastSuccess: {
    readonly backup?: MaintenanceRunSummary | undefined
    readonly verification?: MaintenanceRunSummary | undefined
  }
  readonly backups: readonly MaintenanceRunSummary[]
  readonly verifications: readonly MaintenanceRunSummary[]
}
