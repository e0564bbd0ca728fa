/**
 * Backups and scheduled verifications: at most one of a kind runs at a time, in any process of the catalog, under a lease that it renews.
 * While a backup runs, garbage collection removes nothing.
 */

export type MaintenanceKind = 'backup' | 'verification'

/** How a run ended. `lost`: its lease expired before it ended, because its process died or was stopped. */
type MaintenanceOutcome = 'running' | 'succeeded' | 'failed' | 'lost'

export interface MaintenanceRun {
  readonly runId: string
  readonly kind: MaintenanceKind
  readonly startedAt: number
  readonly endedAt: number | undefined
  readonly outcome: MaintenanceOutcome
  /** How far it is, what it found, or why it failed: without values of patients. */
  readonly report: Readonly<Record<string, unknown>>
}

/** The run has ended or its lease has expired: what it relied on may be gone. */
export class MaintenanceLeaseLost extends Error {
  override readonly name = 'MaintenanceLeaseLost'
  constructor() {
    super('it was interrupted for longer than its lease, and must begin again')
  }
}

export interface Maintenance {
  /**
   * `running`: another run of the kind has not ended, and its lease has not expired. `recent`: a run of the kind has ended since
   * `notSince`, whatever its outcome.
   */
  begin(request: {
    readonly runId: string
    readonly kind: MaintenanceKind
    readonly at: number
    readonly leaseUntil: number
    readonly notSince?: number
  }): Promise<'begun' | 'running' | 'recent'>
  /** @param lease.report how far it is. @throws MaintenanceLeaseLost */
  renew(
    runId: string,
    lease: { readonly at: number; readonly leaseUntil: number; readonly report?: object | undefined },
  ): Promise<void>
  /** @throws MaintenanceLeaseLost if the lease has expired and the run has succeeded */
  end(
    runId: string,
    end: {
      readonly at: number
      readonly outcome: 'succeeded' | 'failed'
      readonly report: object
    },
  ): Promise<void>
  /** The last runs of the kind, newest first. */
  list(request: {
    readonly kind: MaintenanceKind
    readonly now: number
    readonly limit: number
  }): Promise<readonly MaintenanceRun[]>
  /** The last run of the kind that succeeded. */
  lastSuccess(kind: MaintenanceKind): Promise<MaintenanceRun | undefined>
}
