/** One verification of everything at a bounded rate. Its result is kept in the catalog: counts only, since the log may leave the machine. */
import type { ImportApp } from '../../app.ts'
import { type RunResult, runMaintenance } from '../maintenance-run.ts'
import { untilDamaged } from './in-each-catalog.ts'
import { throttledBlobs } from './throttled-blobs.ts'
import { VERIFIED_PARTS } from './verify-parts.ts'
import type { Step } from './verify-steps.ts'

export interface VerificationReport {
  readonly differenceCount: number
  readonly parts: readonly {
    readonly part: string
    readonly checked: Step['checked']
    /** By kind. */
    readonly differences: Readonly<Record<string, number>>
    readonly notChecked?: string
  }[]
}

/** The report of one that runs. */
interface VerificationProgress {
  readonly part: string
  readonly partsDone: number
  readonly partsTotal: number
  /** Of the part. */
  readonly done: number
  readonly total: number
  readonly checked: Step['checked']
}

type VerifiedApp = Pick<ImportApp, 'blobs' | 'catalog' | 'clock' | 'log' | 'newId'> & {
  readonly limits: Pick<ImportApp['limits'], 'verifyBytesPerSecond'>
}

/**
 * Does nothing if a verification runs, in any process of the catalog, or has ended since `notSince`.
 * @throws the reason of the signal, StoreUnavailable, MaintenanceLeaseLost
 */
export async function verifyOnSchedule(
  app: VerifiedApp,
  { notSince, signal }: { readonly notSince: number; readonly signal: AbortSignal },
): Promise<RunResult<VerificationReport>> {
  const result = await runMaintenance(app, { kind: 'verification', notSince, signal }, (stop, note) =>
    verifyAll(app, stop, note),
  )
  if ('report' in result && result.report.differenceCount > 0) {
    app.log.error({}, 'ALARM: the scheduled verification has found differences; run hilum verify, which names them')
  }
  return result
}

async function verifyAll(
  app: VerifiedApp,
  signal: AbortSignal,
  note: (progress: VerificationProgress) => void,
): Promise<VerificationReport> {
  const blobs = throttledBlobs(app.blobs, { bytesPerSecond: app.limits.verifyBytesPerSecond, signal })
  const verification = { catalog: app.catalog, blobs, now: app.clock, isQuick: false }
  const parts: VerificationReport['parts'][number][] = []
  for (const { name, steps } of VERIFIED_PARTS) {
    const differences: Record<string, number> = {}
    let checked: Step['checked'] = {}
    let notChecked: string | undefined
    for await (const step of untilDamaged(steps(verification))) {
      signal.throwIfAborted()
      checked = step.checked
      const { done, total } = step
      note({ part: name, partsDone: parts.length, partsTotal: VERIFIED_PARTS.length, done, total, checked })
      notChecked = step.notChecked ?? notChecked
      for (const { kind } of step.differences) differences[kind] = (differences[kind] ?? 0) + 1
    }
    parts.push({ part: name, checked, differences, ...(notChecked !== undefined && { notChecked }) })
  }
  const counts = parts.flatMap(({ differences }) => Object.values(differences))
  return { differenceCount: counts.reduce((sum, count) => sum + count, 0), parts }
}
