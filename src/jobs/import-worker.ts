/**
 * Takes import jobs one after another, each under a lease: whoever dies while holding one loses it to the next worker, here or on
 * another machine.
 */
import type { ImportApp } from '../app.ts'
import { blobFolder } from '../ingest/store-batch.ts'
import { keepCollectingGarbage } from '../maintenance/collect-garbage.ts'
import { describeOldVersions } from '../maintenance/describe-old-versions.ts'
import { type ClaimedJob, type Lease, LeaseLost } from '../stores/catalog/import-job-repository.ts'
import { StoreUnavailable } from '../stores/store-unavailable.ts'
import { JobFailed } from './job-failed.ts'
import { LateReleases } from './late-releases.ts'
import { failureMessageOf, runJob } from './run-import.ts'
import { removeUnrecordedBlobs } from './unrecorded-blobs.ts'
import { startWorkLoop, type WorkLoop } from './work-loop.ts'

/** A job that is in hand when it is stopped is left at its last recorded file, and its lease given up. */
export function startImportWorker(app: ImportApp): WorkLoop {
  const owner = app.newId()
  const late = new LateReleases((error) => error instanceof LeaseLost)
  const loop = startWorkLoop(app.log, {
    name: 'import worker',
    async takeOne(signal) {
      await late.catchUp()
      const now = app.clock()
      const job = await app.catalog.importJobs.claim({ owner, now, leaseUntil: now + app.limits.importLeaseMs })
      if (job === undefined) return 'nothing waits'
      await workOn(app, { job, owner, signal, late })
      return 'worked'
    },
  })
  const stopping = new AbortController()
  const beside = [describeOldVersions(app, stopping.signal), keepCollectingGarbage(app, stopping.signal)]
  return {
    wake: loop.wake,
    idleMs: loop.idleMs,
    async stop() {
      stopping.abort()
      await Promise.all([loop.stop(), ...beside])
    },
  }
}

interface Hold {
  readonly job: ClaimedJob
  readonly owner: string
  readonly signal: AbortSignal
  readonly late: LateReleases
}

async function workOn(app: ImportApp, hold: Hold): Promise<void> {
  const { job, owner } = hold
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
  app.log.info({ jobId: job.jobId, datastoreId: job.datastoreId }, 'import job taken')
  try {
    await runJob({ app, job, lease, signal: AbortSignal.any([hold.signal, lost.signal]) })
    await jobs.finish(lease, { jobStatus: 'COMPLETED', message: undefined, endedAt: app.clock() })
    app.log.info({ jobId: job.jobId, tookMs: app.clock() - startedAt }, 'import job completed')
  } catch (cause) {
    await afterFailure(app, { job, lease, cause, stopping: hold.signal }).catch(async (error: unknown) => {
      if (error instanceof StoreUnavailable) await hold.late.release(() => jobs.release(lease, app.clock()))
      throw error
    })
  } finally {
    clearInterval(renewal)
  }
}

/** @throws StoreUnavailable where a store is away, before or now: the job is to be released. */
async function afterFailure(
  app: ImportApp,
  failed: { job: ClaimedJob; lease: Lease; cause: unknown; stopping: AbortSignal },
): Promise<void> {
  const { lease, cause } = failed
  const { jobId } = lease
  if (cause instanceof LeaseLost) {
    app.log.warn({ jobId }, 'another worker took this import job over')
    return
  }
  if (failed.stopping.aborted && cause === failed.stopping.reason) {
    await app.catalog.importJobs.release(lease, app.clock())
    app.log.info({ jobId }, 'import job put down; it goes on at the next start')
    return
  }
  // Not the job's fault: it must not end FAILED because a disk was full for a minute.
  if (cause instanceof StoreUnavailable) throw cause
  app.log[cause instanceof JobFailed ? 'warn' : 'error']({ jobId, err: cause }, 'import job failed')
  // A worker that lost its lease unknowingly must not take away what the next has put and not recorded yet.
  const stillOurs = () => app.catalog.importJobs.renew(lease, app.clock() + app.limits.importLeaseMs)
  await removeUnrecordedBlobs(app, { folder: blobFolder(failed.job), stillOurs })
  await app.catalog.importJobs.finish(lease, {
    jobStatus: 'FAILED',
    message: failureMessageOf(cause),
    endedAt: app.clock(),
  })
}
