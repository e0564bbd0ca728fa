/** Workflows in SQL: begun by a request that locks its image sets, claimed by lease, completed or failed. */
import type { ClaimedWorkflow, WorkflowLease, Workflows } from '../../catalog/workflow-repository.ts'
import type { SearchUpkeep } from '../../search/maintenance/update-index.ts'
import { LOCKED_OR_SKIPPED } from '../engine/differences.ts'
import { one, run, type Sql, type Transactions } from '../engine/statement.ts'
import { expireLeases } from '../rows/expire-leases.ts'
import { beginDeletions } from './begin-deletions.ts'
import { begin } from './begin-workflow.ts'
import { complete, completeDeletion } from './complete-workflow.ts'
import { fail } from './fail-workflow.ts'
import { lockedImageSets } from './locked-image-sets.ts'
import { underWorkflowLease } from './workflow-lease.ts'

export function workflowsOver(
  database: Transactions,
  options: { readonly partition: number; readonly newIdSuffix: () => string; readonly upkeep: SearchUpkeep },
): Workflows {
  return {
    begin: (request) => database.write(() => begin(request, options.newIdSuffix)),
    beginDeletions: (request) => database.write(() => beginDeletions(request)),
    async claim(request) {
      // Usually nothing is due: check in a read transaction first.
      if (!(await database.read(() => isOneClaimable(request.now)))) return undefined
      return database.write(() => claim(request))
    },
    renew: (lease, leaseUntil) => database.write(() => renew(lease, leaseUntil)),
    release: (lease, at) => database.write(() => release(lease, at)),
    expireLeases: (workerIds, at) => database.write(() => expireLeases('workflows', workerIds, at)),
    // As in imports, the words of the former version are overwritten.
    complete: (lease, end) => database.write(() => complete(lease, end, options), { secureDelete: true }),
    fail: (lease, end) => database.write(() => fail(lease, end, options.upkeep)),
    completeDeletion: (lease, at) =>
      database.write(() => completeDeletion(lease, at, options.upkeep), { secureDelete: true }),
  }
}

function* isOneClaimable(now: number): Sql<boolean> {
  return (
    (yield* one('SELECT 1 AS found FROM workflows WHERE lease_until IS NULL OR lease_until <= ? LIMIT 1', now)) !==
    undefined
  )
}

function* claim({ owner, now, leaseUntil }: Parameters<Workflows['claim']>[0]): Sql<ClaimedWorkflow | undefined> {
  const row = yield* one<{ workflow: number; datastore_id: string; request: string; attempts: number }>(
    `UPDATE workflows SET lease_owner = ?, lease_until = ?, attempts = attempts + 1 WHERE workflow = (
       SELECT workflow FROM workflows WHERE lease_until IS NULL OR lease_until <= ?
       ORDER BY coalesce(lease_until, 0), workflow LIMIT 1 ${LOCKED_OR_SKIPPED}
     ) RETURNING workflow, request, attempts,
       (SELECT datastore_id FROM datastores WHERE datastore = workflows.datastore) AS datastore_id`,
    ...[owner, leaseUntil, now],
  )
  if (row === undefined) return undefined
  return {
    lease: { workflow: row.workflow, owner },
    datastoreId: row.datastore_id,
    request: JSON.parse(row.request),
    imageSets: yield* lockedImageSets(row.workflow),
    attempt: row.attempts,
  }
}

function* renew(lease: WorkflowLease, leaseUntil: number): Sql<void> {
  yield* underWorkflowLease(lease)
  yield* run('UPDATE workflows SET lease_until = ? WHERE workflow = ?', leaseUntil, lease.workflow)
}

/** No failed attempt. Workflows that were never claimed come first, so that one without progress does not delay others. */
function* release(lease: WorkflowLease, at: number): Sql<void> {
  yield* underWorkflowLease(lease)
  yield* run(
    'UPDATE workflows SET lease_owner = NULL, lease_until = ?, attempts = 0 WHERE workflow = ?',
    ...[at, lease.workflow],
  )
}
