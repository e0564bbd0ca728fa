/** One backup or verification under a lease in the catalog: begins it, renews the lease while it works, and records how it ended. */
import type { ImportApp } from '../app.ts'
import { TemporarilyUnavailable } from '../contract/errors.ts'
import { MaintenanceLeaseLost, type MaintenanceRun } from '../stores/catalog/maintenance-repository.ts'

/** A process that is stopped for longer has lost its run. */
const LEASE_MS = 10 * 60_000
/** The console and the catalog know how far it is as of then. */
const RENEW_EVERY_MS = 15_000

/** Why a run failed, in a sentence without values of patients. */
export class MaintenanceFailed extends Error {
  override readonly name = 'MaintenanceFailed'
}

type RunApp = Pick<ImportApp, 'catalog' | 'clock' | 'newId'>

/** `refused`: it did not begin, because another runs or ended recently. */
export type RunResult<Report> = { readonly refused: 'running' | 'recent' } | { readonly report: Report }

/**
 * @param work gets a signal that is aborted when the lease is lost or the caller's signal is aborted, and notes how far it is. Its report is
 *   recorded.
 * @throws what the work throws, MaintenanceLeaseLost
 */
export async function runMaintenance<Report extends object>(
  app: RunApp,
  wanted: Pick<MaintenanceRun, 'kind'> & { readonly notSince?: number; readonly signal?: AbortSignal },
  work: (signal: AbortSignal, note: (progress: object) => void) => Promise<Report>,
): Promise<RunResult<Report>> {
  const { maintenance } = app.catalog
  const { kind, notSince, signal } = wanted
  const runId = app.newId()
  const at = app.clock()
  const leaseUntil = at + LEASE_MS
  const begun = await maintenance.begin({
    ...{ runId, kind, at, leaseUntil },
    ...(notSince === undefined ? {} : { notSince }),
  })
  if (begun !== 'begun') return { refused: begun }
  const lost = new AbortController()
  let progress: object | undefined
  const renewal = setInterval(() => {
    const now = app.clock()
    // While the catalog is away the lease lasts until it expires.
    maintenance.renew(runId, { at: now, leaseUntil: now + LEASE_MS, report: progress }).catch((error: unknown) => {
      if (error instanceof MaintenanceLeaseLost) lost.abort(error)
    })
  }, RENEW_EVERY_MS)
  try {
    const stop = AbortSignal.any([lost.signal, ...(signal === undefined ? [] : [signal])])
    const report = await work(stop, (noted) => {
      progress = noted
    })
    await maintenance.end(runId, { at: app.clock(), outcome: 'succeeded', report })
    return { report }
  } catch (cause) {
    const report = { reason: reasonOf(cause) }
    await maintenance.end(runId, { at: app.clock(), outcome: 'failed', report }).catch(() => {})
    throw cause
  } finally {
    clearInterval(renewal)
  }
}

/** Messages of other errors may hold values. */
export function reasonOf(error: unknown): string {
  const isOurs = [MaintenanceFailed, MaintenanceLeaseLost, TemporarilyUnavailable].some((kind) => error instanceof kind)
  return isOurs ? (error as Error).message : error instanceof Error ? error.name : 'unknown'
}
