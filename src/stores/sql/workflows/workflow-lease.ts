/** Checks that a worker still holds the lease of its workflow: the first statement of each of its transactions. */
import { type WorkflowLease, WorkflowLeaseLost, type WorkflowRequest } from '../../catalog/workflow-repository.ts'
import { LOCKED } from '../engine/differences.ts'
import { one, type Sql } from '../engine/statement.ts'

interface LeasedWorkflow {
  readonly datastore: number
  readonly request: WorkflowRequest
}

/** An expired lease is valid until another worker claims it, which the lock prevents until this transaction ends. */
export function* underWorkflowLease({ workflow, owner }: WorkflowLease): Sql<LeasedWorkflow> {
  const row = yield* one<{ datastore: number; request: string }>(
    `SELECT datastore, request FROM workflows WHERE workflow = ? AND lease_owner = ? ${LOCKED}`,
    ...[workflow, owner],
  )
  if (row === undefined) throw new WorkflowLeaseLost()
  return { datastore: row.datastore, request: JSON.parse(row.request) }
}
