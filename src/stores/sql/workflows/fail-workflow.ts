/** Ends a workflow that failed: each image set gets a version with the status and the content of the one before, and is unlocked. */
import type { WorkflowLease, WorkflowRequest, Workflows } from '../../catalog/workflow-repository.ts'
import type { IndexChange } from '../../search/indexed-image-set.ts'
import type { SearchUpkeep } from '../../search/maintenance/update-index.ts'
import { one, run, type Sql } from '../engine/statement.ts'
import { keepRowHistory, purgeRowHistory } from '../history/changes.ts'
import { DOCUMENT_COLUMNS } from '../image-sets/documents.ts'
import { type PropertiesRow, propertiesOfWorkflow } from '../image-sets/image-set-properties.ts'
import { ATTRIBUTES_COLUMNS } from '../image-sets/version-attributes.ts'
import { insertRows } from '../rows/insert-rows.ts'
import { underWorkflowLease } from './workflow-lease.ts'
import { removeWorkflow, unlockImageSet, type WorkflowStatus } from './workflow-rows.ts'

const STATUS: Readonly<Record<WorkflowRequest['operation'], WorkflowStatus>> = {
  UpdateImageSetMetadata: 'UPDATE_FAILED',
  CopyImageSet: 'COPY_FAILED',
  DeleteImageSet: 'DELETED',
}

interface Failure {
  readonly status: WorkflowStatus
  readonly message: string
  readonly change: { readonly number: number; readonly at: number }
  readonly upkeep: SearchUpkeep
}

export function* fail(
  lease: WorkflowLease,
  { message, at }: Parameters<Workflows['fail']>[1],
  upkeep: SearchUpkeep,
): Sql<void> {
  const { datastore, request } = yield* underWorkflowLease(lease)
  const begun = yield* upkeep.beginChange(datastore)
  const change = { number: begun.number, at }
  const failure: Failure = { status: STATUS[request.operation], message, change, upkeep }
  const rows = yield* propertiesOfWorkflow(lease.workflow)
  const changes: IndexChange[] = []
  for (const row of rows) {
    if (row.role === 'source') yield* unlockImageSet(row.row_id, yield* statusOfVersion(row))
    else if (row.role === 'created') yield* failCopy(row, failure)
    else changes.push(yield* failVersion(row, failure))
  }
  yield* begun.apply(changes, at)
  yield* purgeRowHistory({ datastore, at, added: changes.length })
  yield* removeWorkflow(lease.workflow)
}

function* statusOfVersion({ row_id: rowId, version }: PropertiesRow): Sql<WorkflowStatus> {
  const row = yield* one<{ workflow_status: WorkflowStatus }>(
    'SELECT workflow_status FROM image_set_versions WHERE row_id = ? AND version = ?',
    ...[rowId, version],
  )
  return row!.workflow_status
}

/** A failed copy is visible only to GetImageSet, until deleted. */
function* failCopy({ row_id: rowId, is_primary }: PropertiesRow, { status, message, change }: Failure): Sql<void> {
  yield* unlockImageSet(rowId, status)
  yield* insertRows('image_set_versions', [
    { row_id: rowId, version: 1, workflow_status: status, is_primary, updated_at: change.at, message },
  ])
}

function* failVersion(row: PropertiesRow, { status, message, change, upkeep }: Failure): Sql<IndexChange> {
  const { row_id: rowId, version } = row
  const before = yield* upkeep.indexed(rowId)
  yield* keepRowHistory(rowId, change)
  const updatedAt = Math.max(change.at, row.updated_at)
  yield* run(
    `UPDATE image_sets SET version = ?, image_set_state = 'ACTIVE', workflow_status = ?, updated_at = ?, changed_in = ? WHERE row_id = ?`,
    ...[row.next_version!, status, updatedAt, change.number, rowId],
  )
  yield* run(
    `INSERT INTO image_set_versions (row_id, version, workflow_status, is_primary, updated_at, message, ${ATTRIBUTES_COLUMNS.join(', ')})
     SELECT row_id, CAST(? AS BIGINT), ?, is_primary, CAST(? AS BIGINT), ?, ${ATTRIBUTES_COLUMNS.join(', ')} FROM image_set_versions
     WHERE row_id = ? AND version = ?`,
    ...[row.next_version!, status, updatedAt, message, rowId, version],
  )
  yield* run(
    `INSERT INTO image_set_documents (row_id, version, ${DOCUMENT_COLUMNS.join(', ')})
     SELECT row_id, CAST(? AS BIGINT), ${DOCUMENT_COLUMNS.join(', ')} FROM image_set_documents WHERE row_id = ? AND version = ?`,
    ...[row.next_version!, rowId, version],
  )
  return { before, after: yield* upkeep.indexed(rowId) }
}
