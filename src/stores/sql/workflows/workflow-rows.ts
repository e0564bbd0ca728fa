/** The rows of a workflow that ends, and the lock of its image sets. */
import { run, type Sql } from '../engine/statement.ts'
import type { RowOf } from '../rows/tables.ts'

export type WorkflowStatus = RowOf<'image_sets'>['workflow_status']

export function* unlockImageSet(rowId: number, status: WorkflowStatus): Sql<void> {
  yield* run(`UPDATE image_sets SET image_set_state = 'ACTIVE', workflow_status = ? WHERE row_id = ?`, status, rowId)
}

export function* removeWorkflow(workflow: number): Sql<void> {
  yield* run('DELETE FROM workflow_image_sets WHERE workflow = ?', workflow)
  yield* run('DELETE FROM workflows WHERE workflow = ?', workflow)
}
