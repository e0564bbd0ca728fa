/** Metrics of the last backup and the last verification. They have no value until there is one. */
import { Gauge, type Registry } from 'prom-client'
import type { App } from '../app.ts'
import type { BackupReport } from '../maintenance/backup/make-backup.ts'
import type { VerificationReport } from '../maintenance/verify/scheduled-verification.ts'
import type { MaintenanceKind } from '../stores/catalog/maintenance-repository.ts'

/** Returns a function that reads them. */
export function watchMaintenance(
  { catalog, clock }: Pick<App, 'catalog' | 'clock'>,
  registry: Registry,
): () => Promise<void> {
  const registers = [registry]
  const gauge = <Label extends string = never>(name: string, help: string, labelNames: readonly Label[] = []) =>
    new Gauge<Label>({ name, help, labelNames: [...labelNames], registers })
  const labelNames = ['kind'] as const
  const succeeded = gauge(
    'hilum_last_maintenance_succeeded',
    '1 if the last backup or verification ended well.',
    labelNames,
  )
  const time = gauge(
    'hilum_last_maintenance_success_timestamp_seconds',
    'When the last backup or verification that ended well began.',
    labelNames,
  )
  const duration = gauge('hilum_last_maintenance_duration_seconds', 'How long it took.', labelNames)
  const size = gauge('hilum_last_backup_bytes', 'All bytes that the last backup needs.')
  const copied = gauge('hilum_last_backup_copied_bytes', 'Bytes that it copied.')
  const faults = gauge('hilum_last_backup_faults', 'Blobs that were missing or damaged.')
  const differences = gauge(
    'hilum_last_verification_differences',
    'Differences that the last verification found, by kind; none: 0 with the kind "any".',
    labelNames,
  )

  async function read(kind: MaintenanceKind): Promise<object | undefined> {
    const runs = await catalog.maintenance.list({ kind, now: clock(), limit: 2 })
    const ended = runs.find(({ outcome }) => outcome !== 'running')
    if (ended !== undefined) succeeded.set({ kind }, ended.outcome === 'succeeded' ? 1 : 0)
    const last = await catalog.maintenance.lastSuccess(kind)
    if (last === undefined) return undefined
    time.set({ kind }, last.startedAt / 1000)
    duration.set({ kind }, ((last.endedAt ?? last.startedAt) - last.startedAt) / 1000)
    return last.report
  }

  return async () => {
    const backup = (await read('backup')) as BackupReport | undefined
    if (backup !== undefined) {
      size.set(backup.sizeBytes)
      copied.set(backup.copiedBytes)
      faults.set(backup.faultCount)
    }
    const verification = (await read('verification')) as VerificationReport | undefined
    if (verification === undefined) return
    differences.reset()
    differences.set({ kind: 'any' }, verification.differenceCount)
    for (const part of verification.parts) {
      for (const [kind, count] of Object.entries(part.differences)) differences.set({ kind }, count)
    }
  }
}
