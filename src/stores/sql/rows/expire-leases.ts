/** Ends the leases of workers that died, so that another worker need not wait until they expire. */
import { LEASE_WORKER_CHARACTERS } from '../../catalog/import-job-repository.ts'
import { allOfMany, type Sql } from '../engine/statement.ts'

/** Attempts are kept: a poison file must not end workers for ever. */
export function* expireLeases(table: 'import_jobs' | 'workflows', workerIds: readonly string[], at: number): Sql<void> {
  const notEnded = table === 'import_jobs' ? 'ended_at IS NULL AND ' : ''
  yield* allOfMany(
    (marks) =>
      `UPDATE ${table} SET lease_until = ? WHERE ${notEnded}lease_until > ?
       AND substr(lease_owner, 1, ${LEASE_WORKER_CHARACTERS}) IN (${marks}) RETURNING 1 AS expired`,
    [at, at],
    workerIds,
  )
}
