/** Checks that a worker still holds the lease of its import job: the first statement of each of its transactions. */
import { type Lease, LeaseLost } from '../../catalog/import-job-repository.ts'
import { LOCKED } from '../engine/differences.ts'
import { one, type Sql } from '../engine/statement.ts'

interface LeasedJob {
  readonly job: number
  readonly datastore: number
}

/** An expired lease is valid until another worker claims it, which the lock prevents until this transaction ends. */
export function* underLease(lease: Lease): Sql<LeasedJob> {
  const leased = yield* one<LeasedJob>(
    `SELECT job, datastore FROM import_jobs WHERE job_id = ? AND lease_owner = ? AND job_status = 'IN_PROGRESS' ${LOCKED}`,
    lease.jobId,
    lease.owner,
  )
  if (leased === undefined) throw new LeaseLost(lease)
  return leased
}
