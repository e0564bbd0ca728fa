/** Checks of the last backup and the last scheduled verification. */
import { BACKUP_WARNING_DAYS } from '../../contract/maintenance.ts'
import type { BackupReport } from '../../maintenance/backup/make-backup.ts'
import type { VerificationReport } from '../../maintenance/verify/scheduled-verification.ts'
import type { Catalog } from '../../stores/catalog/catalog.ts'
import type { MaintenanceKind, MaintenanceRun } from '../../stores/catalog/maintenance-repository.ts'
import type { Finding } from './finding.ts'

const DAY_MS = 86_400_000

interface LastRuns {
  /** Of those that have ended. */
  readonly last: MaintenanceRun | undefined
  readonly success: MaintenanceRun | undefined
}

export async function checkMaintenance({ maintenance }: Pick<Catalog, 'maintenance'>, now: number): Promise<Finding[]> {
  const runsOf = async (kind: MaintenanceKind): Promise<LastRuns> => ({
    last: (await maintenance.list({ kind, now, limit: 2 })).find(({ outcome }) => outcome !== 'running'),
    success: await maintenance.lastSuccess(kind),
  })
  return [describeBackups(await runsOf('backup'), now), describeVerifications(await runsOf('verification'))]
}

export function describeBackups({ last, success }: LastRuns, now: number): Finding {
  const subject = 'backup'
  if (last === undefined) return { subject, state: 'ok', detail: 'none yet; hilum backup --to <place> makes one' }
  const fixes = ['Run hilum backup --to <place>; with --every 24h it repeats.']
  if (success === undefined) return { subject, state: 'warn', detail: `none succeeded: ${whyNot(last)}`, fixes }
  const report = success.report as unknown as BackupReport
  const days = Math.floor((now - success.startedAt) / DAY_MS)
  const detail = `the last is of ${timeOf(success)}`
  if (last.runId !== success.runId) return { subject, state: 'warn', detail: `${detail}; then ${whyNot(last)}`, fixes }
  if (days >= BACKUP_WARNING_DAYS) return { subject, state: 'warn', detail: `${detail}, ${days} days ago`, fixes }
  if (report.faultCount === 0) return { subject, state: 'ok', detail }
  const missing = `${detail}; ${report.faultCount} blobs were missing or damaged`
  return {
    subject,
    state: 'fail',
    detail: missing,
    fixes: ['Run hilum verify, and restore them from an earlier backup.'],
  }
}

export function describeVerifications({ last, success }: LastRuns): Finding {
  const subject = 'verification'
  if (last === undefined) return { subject, state: 'ok', detail: 'none yet; the server makes one (--verify-every)' }
  if (success === undefined) return { subject, state: 'warn', detail: `none has ended: ${whyNot(last)}` }
  const { differenceCount, parts } = success.report as unknown as VerificationReport
  const detail = `that of ${timeOf(success)} found ${differenceCount === 0 ? 'no' : differenceCount} difference${differenceCount === 1 ? '' : 's'}`
  if (differenceCount > 0) return { subject, state: 'fail', detail, fixes: ['Run hilum verify, which names them.'] }
  const notChecked = parts.flatMap((part) => part.notChecked ?? [])
  const without = notChecked.length === 0 ? '' : `; not checked: ${[...new Set(notChecked)].join('; ')}`
  return { subject, state: 'ok', detail: `${detail}${without}` }
}

const timeOf = ({ startedAt }: MaintenanceRun): string => new Date(startedAt).toISOString().replace(/\.\d+/, '')

const whyNot = (run: MaintenanceRun): string =>
  run.outcome === 'lost'
    ? `that of ${timeOf(run)} was interrupted`
    : `that of ${timeOf(run)} failed (${run.report.reason ?? 'no reason known'})`
