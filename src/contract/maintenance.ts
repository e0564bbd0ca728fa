/** The last backups and verifications, below /hilum/ (docs/extensions.md). Times are seconds since 1970, as in the API. */

export interface MaintenanceRunSummary {
  readonly startedAt: number
  readonly endedAt?: number | undefined
  readonly outcome: 'running' | 'succeeded' | 'failed' | 'lost'
  /** Of one that succeeded: what it found. Of one that failed: `reason`. */
  readonly report: Readonly<Record<string, unknown>>
}

/** Newest first. */
export interface MaintenanceRuns {
  readonly backups: readonly MaintenanceRunSummary[]
  readonly verifications: readonly MaintenanceRunSummary[]
}
