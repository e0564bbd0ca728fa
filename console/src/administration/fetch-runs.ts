/** The last backups and verifications of the server. */
import type { MaintenanceRunSummary, MaintenanceRuns } from '../../../src/contract/maintenance.ts'
import type { Api } from '../api.ts'

/** While one runs, its progress is looked at so often. */
export const RUNNING_REFETCH_MS = 5_000

export const runsQuery = (api: Api) => ({
  queryKey: ['maintenance'],
  queryFn: async () => (await (await api.request({ method: 'GET', path: ['maintenance'] })).json()) as MaintenanceRuns,
})

/** When a run began or ended. */
export const timeOf = (seconds: number | undefined): Date | undefined =>
  seconds === undefined ? undefined : new Date(seconds * 1_000)

export const durationOf = ({ startedAt, endedAt }: MaintenanceRunSummary): number | undefined =>
  endedAt === undefined ? undefined : (endedAt - startedAt) * 1_000
