/** The last backups and scheduled verifications, below /hilum/ (docs/operating/backup.md). */
import type { App } from '../app.ts'
import type { MaintenanceRunSummary, MaintenanceRuns } from '../contract/maintenance.ts'
import type { MaintenanceKind } from '../stores/catalog/maintenance-repository.ts'

const RUNS_MAX = 20

export async function listMaintenanceRuns(app: App): Promise<MaintenanceRuns> {
  const runsOf = async (kind: MaintenanceKind): Promise<readonly MaintenanceRunSummary[]> =>
    (await app.catalog.maintenance.list({ kind, now: app.clock(), limit: RUNS_MAX })).map(
      ({ startedAt, endedAt, outcome, report }) => ({
        ...{ startedAt: startedAt / 1000, outcome, report },
        ...(endedAt !== undefined && { endedAt: endedAt / 1000 }),
      }),
    )
  return { backups: await runsOf('backup'), verifications: await runsOf('verification') }
}
