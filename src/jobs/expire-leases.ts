/** Ends the leases of workers that died, so that their jobs and workflows continue at once and not when the leases expire. */
import type { ImportApp } from '../app.ts'

/** Never rejects: where the catalog is away, the leases expire by themselves. */
export async function expireLeasesOf(
  workerIds: readonly string[] | 'all',
  { catalog, clock, log }: Pick<ImportApp, 'catalog' | 'clock' | 'log'>,
): Promise<void> {
  if (workerIds.length === 0) return
  try {
    await catalog.importJobs.expireLeases(workerIds, clock())
    await catalog.workflows.expireLeases(workerIds, clock())
  } catch (err) {
    log.warn({ err }, 'the leases of workers that died could not be ended; they expire by themselves')
  }
}
