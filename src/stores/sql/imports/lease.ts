/** Whether a worker still owns its import job: asked first by every verb that works on one. */
import { type Lease, LeaseLost } from '../../catalog/import-job-repository.ts'
import { LOCKED } from '../engine/differences.ts'
import { one, type Sql } from '../engine/statement.ts'

interface LeasedJob {
  readonly job: number
  readonly datastore: number
}

/** A lease that ran out is still held until somebody takes it over, which nobody can before this transaction ends. */
export function* underLease(lease: Lease): Sql<LeasedJob> {
  const leased = yield* one<LeasedJob>(
    `SELECT job, datastore FROM import_jobs WHERE job_id = ? AND lease_owner = ? AND job_status = 'IN_PROGRESS' ${LOCKED}`,
    lease.jobId,
    lease.owner,
  )
  if (leased === undefined) throw new LeaseLost(lease)
  return leased
}
