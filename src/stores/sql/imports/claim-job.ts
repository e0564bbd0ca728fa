/** Import jobs are claimed by lease and take turns: which is next, and how a lease is given up. */
import type { ImportJobs, Lease } from '../../catalog/import-job-repository.ts'
import { LOCKED_OR_SKIPPED } from '../engine/differences.ts'
import { one, run, type Sql } from '../engine/statement.ts'
import { underLease } from './lease.ts'

const IS_WAITING = 'ended_at IS NULL AND (lease_until IS NULL OR lease_until <= ?)'

/** Of the data stores with jobs that have not ended. The CTE is not locked: only the job is. */
const STORES = `stores AS (
  SELECT datastore,
    sum(CASE WHEN lease_owner IS NOT NULL AND lease_until > ? AND input_s3_uri <> '' THEN 1 ELSE 0 END) AS claimed,
    (SELECT served_at FROM import_jobs AS served WHERE served.datastore = unended.datastore AND served_at IS NOT NULL
      ORDER BY served_at DESC LIMIT 1) AS served_at
  FROM import_jobs AS unended WHERE ended_at IS NULL GROUP BY datastore
)`

interface NextJob {
  readonly job: number
  readonly turn_state: string | null
}

export function* nextJob(now: number): Sql<NextJob | undefined> {
  return yield* one<NextJob>(
    `WITH ${STORES} SELECT job, turn_state FROM import_jobs JOIN stores USING (datastore) WHERE ${IS_WAITING}
     ORDER BY claimed, coalesce(stores.served_at, 0), CASE WHEN lease_until IS NULL THEN 0 ELSE 1 END,
       coalesce(lease_until, submitted_at), job LIMIT 1 ${LOCKED_OR_SKIPPED}`,
    now,
    now,
  )
}

export function* isOneWaiting(now: number): Sql<boolean> {
  return (yield* one(`SELECT 1 AS found FROM import_jobs WHERE ${IS_WAITING} LIMIT 1`, now)) !== undefined
}

export function* renew(lease: Lease, leaseUntil: number): Sql<void> {
  const { job } = yield* underLease(lease)
  yield* run('UPDATE import_jobs SET lease_until = ? WHERE job = ?', leaseUntil, job)
}

export function* endTurn(lease: Lease, { at, turnState }: Parameters<ImportJobs['endTurn']>[1]): Sql<void> {
  const { job } = yield* underLease(lease)
  yield* run(
    `UPDATE import_jobs SET lease_owner = NULL, lease_until = ?, turn_state = ?,
       attempts = CASE WHEN attempts > 0 THEN attempts - 1 ELSE 0 END WHERE job = ?`,
    ...[at, turnState, job],
  )
}

/** No failed attempt. Jobs that were never claimed come first, so that a job without progress does not delay others. */
export function* release(lease: Lease, from: number): Sql<void> {
  const { job } = yield* underLease(lease)
  yield* run('UPDATE import_jobs SET lease_owner = NULL, lease_until = ?, attempts = 0 WHERE job = ?', from, job)
}
