/** Whether a worker still owns its workflow: asked first by every verb that works on one. */
import { type WorkflowLease, WorkflowLeaseLost, type WorkflowRequest } from '../../catalog/workflow-repository.ts'
import { LOCKED } from '../engine/differences.ts'
import { one, type Sql } from '../engine/statement.ts'

interface LeasedWorkflow {
  readonly datastore: number
  readonly request: WorkflowRequest
}

/** A lease that ran out is still held until somebody takes it over, which nobody can before this transaction ends. */
export function* underWorkflowLease({ workflow, owner }: WorkflowLease): Sql<LeasedWorkflow> {
  const row = yield* one<{ datastore: number; request: string }>(
    `SELECT datastore, request FROM workflows WHERE workflow = ? AND lease_owner = ? ${LOCKED}`,
    ...[workflow, owner],
  )
  if (row === undefined) throw new WorkflowLeaseLost()
  return { datastore: row.datastore, request: JSON.parse(row.request) }
}
