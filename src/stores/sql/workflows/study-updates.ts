/** Updates of whole studies under way. Such an update is of all primary image sets that its study has: none may come in while it is made. */
import type { WorkflowRequest } from '../../catalog/workflow-repository.ts'
import { allOfMany, type Sql } from '../engine/statement.ts'

/** @param primaries numbers of primary image sets. @returns whether one of them changes with its study */
export function* isStudyUpdated(primaries: readonly number[]): Sql<boolean> {
  const rows = yield* allOfMany<{ request: string }>(
    (marks) =>
      `SELECT request FROM workflow_image_sets JOIN workflows ON workflows.workflow = workflow_image_sets.workflow
       WHERE workflow_image_sets.row_id IN (${marks})`,
    [],
    primaries,
  )
  return rows.some(({ request }) => {
    const wanted: WorkflowRequest = JSON.parse(request)
    return wanted.operation === 'UpdateImageSetMetadata' && wanted.includeStudyImageSets
  })
}
