/** Updates of whole studies under way. They change all primary image sets of the study, so none may be added meanwhile. */
import type { WorkflowRequest } from '../../catalog/workflow-repository.ts'
import { allOfMany, type Sql } from '../engine/statement.ts'

/** @param primaries row ids of primary image sets. @returns whether one of them is being updated with its study */
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
