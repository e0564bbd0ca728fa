/** Ends the leases of workers that died, so that another worker need not wait until they expire. */
import { LEASE_WORKER_CHARACTERS } from '../../catalog/import-job-repository.ts'
import { allOfMany, run, type Sql } from '../engine/statement.ts'

/** Attempts are kept: a poison file must not end workers for ever. */
export function* expireLeases(
  table: 'import_jobs' | 'workflows',
  workerIds: readonly string[] | 'all',
  at: number,
): Sql<void> {
  const notEnded = table === 'import_jobs' ? ' AND ended_at IS NULL' : ''
  const expire = `UPDATE ${table} SET lease_until = ? WHERE lease_until > ?${notEnded}`
  if (workerIds === 'all') return yield* run(expire, at, at)
  const ofWorkers = `${expire} AND substr(lease_owner, 1, ${LEASE_WORKER_CHARACTERS})`
  yield* allOfMany((marks) => `${ofWorkers} IN (${marks}) RETURNING 1 AS expired`, [at, at], workerIds)
}
