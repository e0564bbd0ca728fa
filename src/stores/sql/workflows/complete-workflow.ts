/**
 * Completes a workflow: the next versions of its image sets, their search rows and the index in one transaction, which unlocks them. A
 * deletion deletes its image set.
 */
import assert from 'node:assert/strict'
import { placeGroup } from '../../../imaging/grouping.ts'
import type { VersionToPublish, WorkflowLease, WorkflowRequest, Workflows } from '../../catalog/workflow-repository.ts'
import type { IndexChange } from '../../search/indexed-image-set.ts'
import type { SearchUpkeep } from '../../search/maintenance/update-index.ts'
import { run, type Sql } from '../engine/statement.ts'
import { purgeRowHistory } from '../history/changes.ts'
import { deleteImageSet } from '../image-sets/delete-image-set.ts'
import { type PropertiesRow, propertiesOfWorkflow } from '../image-sets/image-set-properties.ts'
import { assertNoneMoved } from '../moved-studies/moved-studies.ts'
import { primariesOfStudies } from '../rows/grouping-columns.ts'
import { imageSetIdOf } from '../rows/image-set-id.ts'
import { type PublishingVersions, publishVersion } from './publish-version.ts'
import { isStudyUpdated } from './study-updates.ts'
import { underWorkflowLease } from './workflow-lease.ts'
import { removeWorkflow, unlockImageSet, type WorkflowStatus } from './workflow-rows.ts'

const STATUS: Readonly<Record<WorkflowRequest['operation'], WorkflowStatus>> = {
  UpdateImageSetMetadata: 'UPDATED',
  CopyImageSet: 'COPIED',
  DeleteImageSet: 'DELETED',
}

/** @throws StudiesMoved if a version is of a study that another partition has */
export function* complete(
  lease: WorkflowLease,
  { versions, digests, at, revision }: Parameters<Workflows['complete']>[1],
  { partition, upkeep }: { readonly partition: number; readonly upkeep: SearchUpkeep },
): Sql<'completed' | 'conflicts'> {
  const { datastore, request } = yield* underWorkflowLease(lease)
  const begun = yield* upkeep.beginChange(datastore, revision)
  if (partition !== 0) {
    yield* assertNoneMoved(
      datastore,
      versions.map(({ grouping }) => grouping.StudyInstanceUID),
    )
  }
  const change = { number: begun.number, at }
  const rows = yield* propertiesOfWorkflow(lease.workflow)
  if (!(yield* canBePrimary(datastore, rows, versions))) return 'conflicts'
  const rowIdOf = new Map(rows.map((row) => [imageSetIdOf(row.row_id, row.id_suffix), row.row_id]))
  const status = STATUS[request.operation]
  const forced = 'forced' in request && request.forced
  const publishing: PublishingVersions = { change, upkeep, status, forced, rowIdOf, digests }
  const changes: IndexChange[] = []
  for (const row of rows) {
    if (row.role === 'source') {
      yield* completeSource(row, status)
      continue
    }
    const version = versions.find(({ imageSetId }) => rowIdOf.get(imageSetId) === row.row_id)
    assert(version, 'every image set of a workflow gets its version')
    changes.push(yield* publishVersion(row, version, publishing))
  }
  yield* begun.apply(changes, at)
  yield* purgeRowHistory({ datastore, at, added: changes.length })
  yield* removeWorkflow(lease.workflow)
  return 'completed'
}

/** Since the workflow began others may have imported into the study, or begun to update all of it. */
function* canBePrimary(
  datastore: number,
  rows: readonly PropertiesRow[],
  versions: readonly VersionToPublish[],
): Sql<boolean> {
  const created = rows.find(({ role }) => role === 'created')
  if (created === undefined || created.is_primary === 0) return true
  const { grouping } = versions.find(
    ({ imageSetId }) => imageSetId === imageSetIdOf(created.row_id, created.id_suffix),
  )!
  const standing = (yield* primariesOfStudies(datastore, [grouping.StudyInstanceUID])).get(grouping.StudyInstanceUID)
  if (yield* isStudyUpdated((standing ?? []).map(({ rowId }) => rowId))) return false
  return placeGroup(grouping, standing ?? []).place === 'new-primary'
}

/** The version that was copied keeps the status, also when there are later ones. */
function* completeSource({ row_id: rowId, version }: PropertiesRow, status: WorkflowStatus): Sql<void> {
  yield* unlockImageSet(rowId, status)
  yield* run(
    'UPDATE image_set_versions SET workflow_status = ? WHERE row_id = ? AND version = ?',
    ...[status, rowId, version],
  )
}

export function* completeDeletion(lease: WorkflowLease, at: number, upkeep: SearchUpkeep): Sql<void> {
  const { datastore } = yield* underWorkflowLease(lease)
  for (const { row_id: rowId } of yield* propertiesOfWorkflow(lease.workflow)) {
    yield* deleteImageSet({ datastore, rowId, at }, upkeep)
  }
  yield* removeWorkflow(lease.workflow)
}
