/**
 * Claims import jobs one after another, each for a turn and under a lease that is renewed meanwhile. If the worker dies, the lease expires
 * and another worker, on this machine or another, claims the job. It also runs garbage collection in the background.
 */
import type { ImportApp } from '../app.ts'
import { blobFolder } from '../ingest/job-blob-keys.ts'
import { type OneAtATime, oneAtATime } from '../ingest/one-at-a-time.ts'
import { keepCollectingGarbage } from '../maintenance/collect-garbage.ts'
import { type ClaimedJob, type Lease, LeaseLost } from '../stores/catalog/import-job-repository.ts'
import { StoreUnavailable } from '../stores/store-unavailable.ts'
import { JobFailed } from './job-failed.ts'
import { failureMessageOf } from './job-message.ts'
import { newLeaseOwner } from './lease-owner.ts'
import { PendingReleases } from './pending-releases.ts'
import { runJob } from './run-import.ts'
import { Turn } from './turn.ts'
import { turnStateText } from './turn-state.ts'
import { removeUnrecordedBlobs } from './unrecorded-blobs.ts'
import { startWorkLoop, type WorkLoop } from './work-loop.ts'

/** So long a job is not claimed after a store was unavailable: others may not need that store. */
const RETRY_MS = 1_000

/**
 * When it stops, the running jobs are released, to be resumed after their last recorded files.
 * @param workerId with which the owners of its leases begin
 */
export function startImportWorker(app: ImportApp, workerId = app.newId()): WorkLoop {
  const pending = new PendingReleases((error) => error instanceof LeaseLost)
  const running = new Set<Promise<void>>()
  const runAlone = oneAtATime()
  const loop = startWorkLoop(app.log, {
    name: 'import worker',
    async takeOne(signal) {
      await pending.retry()
      while (running.size >= app.limits.importJobsPerWorker) await Promise.race(running)
      if (signal.aborted) return 'idle'
      const owner = newLeaseOwner(app, workerId)
      const now = app.clock()
      const job = await app.catalog.importJobs.claim({ owner, now, leaseUntil: now + app.limits.importLeaseMs })
      if (job === undefined) return 'idle'
      const turn = new Turn({
        turnMs: app.limits.importTurnMs,
        isOneWaiting: () => app.catalog.importJobs.isOneWaiting(app.clock()),
      })
      const work = workOn(withShare(app, running.size + 1), { job, owner, signal, pending, turn, runAlone }).finally(
        () => {
          turn.end()
          running.delete(work)
          // It may wait for its next turn, and the loop for the next poll.
          loop.wake()
        },
      )
      running.add(work)
      await Promise.race([work, turn.overdue])
      return 'worked'
    },
  })
  const stopping = new AbortController()
  const garbageCollection = keepCollectingGarbage(app, stopping.signal)
  return {
    wake: loop.wake,
    idleMs: () => (running.size > 0 ? 0 : loop.idleMs()),
    async stop() {
      stopping.abort()
      await Promise.all([loop.stop(), garbageCollection])
      await Promise.all(running)
    },
  }
}

/** Jobs that run beside each other read less ahead, and fill smaller blobs. */
function withShare(app: ImportApp, jobs: number): ImportApp {
  if (jobs === 1) return app
  const { importReadAheadBytes, importBlobBytes } = app.limits
  const shares = {
    importReadAheadBytes: Math.floor(importReadAheadBytes / jobs),
    importBlobBytes: Math.floor(importBlobBytes / jobs),
  }
  return { ...app, limits: { ...app.limits, ...shares } }
}

interface Claim {
  readonly job: ClaimedJob
  readonly owner: string
  /** Aborted when the worker stops. */
  readonly signal: AbortSignal
  readonly pending: PendingReleases
  readonly turn: Turn
  readonly runAlone: OneAtATime
}

/** Never rejects. */
async function workOn(app: ImportApp, claim: Claim): Promise<void> {
  const { job, owner, turn, runAlone } = claim
  const lease: Lease = { jobId: job.jobId, owner }
  const { jobs, leaseMs } = { jobs: app.catalog.importJobs, leaseMs: app.limits.importLeaseMs }
  const lost = new AbortController()
  const renewal = setInterval(() => {
    jobs.renew(lease, app.clock() + leaseMs).catch((cause: unknown) => {
      if (cause instanceof LeaseLost) lost.abort(cause)
      else app.log.warn({ err: cause, jobId: job.jobId }, 'the lease of an import job could not be renewed')
    })
  }, leaseMs / 3)
  const startedAt = app.clock()
  if (job.turnState === undefined) {
    app.log.info({ jobId: job.jobId, datastoreId: job.datastoreId }, 'import job claimed')
  }
  try {
    const signal = AbortSignal.any([claim.signal, lost.signal])
    const ids = { 'hilum.job_id': job.jobId, 'hilum.datastore_id': job.datastoreId, 'hilum.attempt': job.attempt }
    const state = await app.inSpan('import job', ids, () => runJob({ app, job, lease, signal, turn, runAlone }))
    if (state !== undefined) return await jobs.endTurn(lease, { at: app.clock(), turnState: turnStateText(state) })
    await jobs.finish(lease, { jobStatus: 'COMPLETED', message: undefined, endedAt: app.clock() })
    app.log.info({ jobId: job.jobId, tookMs: app.clock() - startedAt }, 'import job completed')
  } catch (cause) {
    await afterFailure(app, { job, lease, cause, stopping: claim.signal }).catch(async (err: unknown) => {
      app.log.error({ err, jobId: job.jobId }, 'the import worker could not use its stores; it will retry')
      if (err instanceof StoreUnavailable)
        await claim.pending.release(() => jobs.release(lease, app.clock() + RETRY_MS))
    })
  } finally {
    clearInterval(renewal)
  }
}

/** @throws StoreUnavailable if a store was or is unavailable: the job is to be released */
async function afterFailure(
  app: ImportApp,
  failed: { job: ClaimedJob; lease: Lease; cause: unknown; stopping: AbortSignal },
): Promise<void> {
  const { lease, cause } = failed
  const { jobId } = lease
  if (cause instanceof LeaseLost) {
    app.log.warn({ jobId }, 'lease lost: another worker claimed this import job')
    return
  }
  if (failed.stopping.aborted && cause === failed.stopping.reason) {
    await app.catalog.importJobs.release(lease, app.clock())
    app.log.info({ jobId }, 'import job released; it resumes at the next start')
    return
  }
  // An unavailable store is not an error of the job: a disk that is full for a minute must not fail it.
  if (cause instanceof StoreUnavailable) throw cause
  app.log[cause instanceof JobFailed ? 'warn' : 'error']({ jobId, err: cause }, 'import job failed')
  // If the lease was lost meanwhile, the blobs may be of the next worker, which has not recorded them yet.
  const checkLease = () => app.catalog.importJobs.renew(lease, app.clock() + app.limits.importLeaseMs)
  await removeUnrecordedBlobs(app, { folder: blobFolder(failed.job), checkLease })
  await app.catalog.importJobs.finish(lease, {
    jobStatus: 'FAILED',
    message: failureMessageOf(cause),
    endedAt: app.clock(),
  })
}
