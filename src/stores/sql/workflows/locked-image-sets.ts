/** The image sets of a workflow: the one that the request names first, the others in the order of their ids. */
import type { LockedImageSet, WorkflowRole } from '../../catalog/workflow-repository.ts'
import type { Sql } from '../engine/statement.ts'
import { locked, propertiesOfWorkflow } from '../image-sets/image-set-properties.ts'

const ROLES: readonly WorkflowRole[] = ['changed', 'created', 'sibling', 'source']

export function* lockedImageSets(workflow: number): Sql<readonly LockedImageSet[]> {
  const rows = yield* propertiesOfWorkflow(workflow)
  return rows
    .map((row): LockedImageSet => ({ ...locked(row), role: row.role! }))
    .sort((a, b) => ROLES.indexOf(a.role) - ROLES.indexOf(b.role))
}
