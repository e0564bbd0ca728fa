/** The last backups and scheduled verifications, below /hilum/ (docs/operating/backup.md). */
import type { App } from '../app.ts'
import type { MaintenanceRunSummary, MaintenanceRuns } from '../contract/maintenance.ts'
import type { MaintenanceKind, MaintenanceRun } from '../stores/catalog/maintenance-repository.ts'

const RUNS_MAX = 20

export async function listMaintenanceRuns(app: App): Promise<MaintenanceRuns> {
  const { maintenance } = app.catalog
  const runsOf = async (kind: MaintenanceKind) =>
    (await maintenance.list({ kind, now: app.clock(), limit: RUNS_MAX })).map(summaryOf)
  const lastOf = async (kind: MaintenanceKind) => {
    const run = await maintenance.lastSuccess(kind)
    return run && summaryOf(run)
  }
  return {
    backups: await runsOf('backup'),
    verifications: await runsOf('verification'),
    lastSuccess: { backup: await lastOf('backup'), verification: await lastOf('verification') },
  }
}

const summaryOf = ({ startedAt, endedAt, outcome, report }: MaintenanceRun): MaintenanceRunSummary => ({
  ...{ startedAt: startedAt / 1000, outcome, report },
  ...(endedAt !== undefined && { endedAt: endedAt / 1000 }),
})
