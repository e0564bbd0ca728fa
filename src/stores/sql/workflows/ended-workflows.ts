/**
 * The end of a workflow in SQL: the next versions of its image sets, their search rows and the index in one transaction, and all of them
 * unlocked. A failed attempt is a version too, with the content of the one before.
 */
import assert from 'node:assert/strict'
import { placeGroup } from '../../../imaging/grouping.ts'
import type { BlobDigests } from '../../blobs/blob-store.ts'
import type {
  SharedWith,
  VersionToPublish,
  WorkflowLease,
  WorkflowRequest,
  Workflows,
} from '../../catalog/workflow-repository.ts'
import type { IndexChange, SearchUpkeep } from '../../search/maintenance/update-index.ts'
import { addUses } from '../blobs/blob-uses.ts'
import { numberBlobs } from '../blobs/number-blobs.ts'
import { all, one, run, type Sql } from '../engine/statement.ts'
import { keepRowHistory, purgeRowHistory } from '../history/changes.ts'
import { deleteImageSet } from '../image-sets/delete-image-set.ts'
import { DOCUMENT_COLUMNS, documentColumns } from '../image-sets/documents.ts'
import { type PropertiesRow, propertiesOfWorkflow } from '../image-sets/image-set-properties.ts'
import { nextInstances } from '../image-sets/version-instances.ts'
import { ELEMENT_COLUMNS, elementValues, primariesOfStudies } from '../rows/grouping-columns.ts'
import { imageSetIdOf } from '../rows/image-set-id.ts'
import { insertRows } from '../rows/insert-rows.ts'
import { withCounts } from '../rows/summary-tags.ts'
import type { RowOf } from '../rows/tables.ts'
import { isStudyUpdated } from './study-updates.ts'
import { underWorkflowLease } from './workflow-lease.ts'

type Status = RowOf<'image_sets'>['workflow_status']

const DONE: Readonly<Record<WorkflowRequest['operation'], Status>> = {
  UpdateImageSetMetadata: 'UPDATED',
  CopyImageSet: 'COPIED',
  DeleteImageSet: 'DELETED',
}

const FAILED: Readonly<Record<WorkflowRequest['operation'], Status>> = {
  UpdateImageSetMetadata: 'UPDATE_FAILED',
  CopyImageSet: 'COPY_FAILED',
  DeleteImageSet: 'DELETED',
}

export function* complete(
  lease: WorkflowLease,
  { versions, digests, at }: Parameters<Workflows['complete']>[1],
  upkeep: SearchUpkeep,
): Sql<'completed' | 'conflicts'> {
  const { datastore, request } = yield* underWorkflowLease(lease)
  const change = { number: yield* upkeep.beginChange(), at }
  const rows = yield* propertiesOfWorkflow(lease.workflow)
  if (!(yield* canBePrimary(datastore, rows, versions))) return 'conflicts'
  const rowIdOf = new Map(rows.map((row) => [imageSetIdOf(row.row_id, row.id_suffix), row.row_id]))
  const ending: Ending = { request, change, upkeep, rowIdOf, digests }
  const changes: IndexChange[] = []
  for (const row of rows) {
    if (row.role === 'source') {
      yield* endAsSource(row, DONE[request.operation])
      continue
    }
    const version = versions.find(({ imageSetId }) => rowIdOf.get(imageSetId) === row.row_id)
    assert(version, 'every image set of a workflow gets its version')
    changes.push(yield* publishVersion(row, version, ending))
  }
  yield* upkeep.apply(changes)
  yield* purgeRowHistory({ at, added: changes.length })
  yield* removeWorkflow(lease.workflow)
  return 'completed'
}

interface Ending {
  readonly request: WorkflowRequest
  readonly change: { readonly number: number; readonly at: number }
  readonly upkeep: SearchUpkeep
  readonly rowIdOf: ReadonlyMap<string, number>
  readonly digests: BlobDigests
}

/** What stood when the workflow began may not be what stands now: others may have imported into the study, or update all of it. */
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

function* publishVersion(row: PropertiesRow, version: VersionToPublish, ending: Ending): Sql<IndexChange> {
  const { row_id: rowId } = row
  const { change, upkeep, request } = ending
  const isNew = row.role === 'created'
  const before = isNew ? undefined : yield* upkeep.indexed(rowId)
  if (!isNew) yield* keepRowHistory(rowId, change)
  const number = row.next_version!
  const blobs = yield* numberNewBlobs(row, version, ending)
  yield* nextInstances({ rowId, version: number, blobs }, version.instances, ending.rowIdOf)
  const counted = yield* one<{ instances: number; distinct_uids: number }>(
    `SELECT count(*) AS instances, count(DISTINCT sop_instance_uid) AS distinct_uids FROM instances
     WHERE row_id = ? AND removed_in IS NULL`,
    rowId,
  )
  const { instances, distinct_uids } = counted!
  assert(instances > 0 && instances === distinct_uids, 'a version holds instances, each once')
  // A clock that was set back does not make a later version look older than an earlier one.
  const updatedAt = Math.max(change.at, row.updated_at)
  yield* run(
    `UPDATE image_sets SET version = ?, image_set_state = 'ACTIVE', workflow_status = ?, updated_at = ?, last_accessed_at = ?,
     deleted_at = NULL, changed_in = ?, instance_count = ?, tags = ?, study_timestamp = ?,
     ${ELEMENT_COLUMNS.map((column) => `${column} = ?`).join(', ')} WHERE row_id = ?`,
    ...[number, DONE[request.operation], updatedAt, updatedAt, change.number, instances],
    ...[withCounts(version.tags, { instances }), version.studyTimestamp, ...elementValues(version.grouping), rowId],
  )
  const forced = 'forced' in request && request.forced
  yield* addVersion(row, { version, number, blobs, updatedAt, forced }, ending)
  const after = yield* upkeep.indexed(rowId)
  return before === undefined ? { after } : { before, after }
}

/** The job of a blob is the one whose files it descends from. */
function* numberNewBlobs(
  { row_id: rowId }: PropertiesRow,
  { levels, document, instances }: VersionToPublish,
  { rowIdOf, digests }: Ending,
): Sql<ReadonlyMap<string, number>> {
  const keys = [
    ...(isShared(levels) ? [] : [levels.blobKey]),
    ...(isShared(document) ? [] : [document.blobKey]),
    ...(instances.kind === 'changed' ? instances.replaced.map(({ by }) => by.metadata.blobKey) : []),
  ]
  if (keys.length === 0) return new Map()
  const holder = yield* one<{ job: number }>(
    'SELECT job FROM blobs WHERE blob = (SELECT max(blob) FROM instances WHERE row_id = ?)',
    instances.kind === 'added' ? rowIdOf.get(instances.from.imageSetId)! : rowId,
  )
  const blobs = yield* numberBlobs(holder!.job, keys, digests)
  yield* addUses([...blobs.values()].map((blob) => ({ blob, row_id: rowId })))
  return blobs
}

const isShared = <T extends object>(place: T | SharedWith): place is SharedWith => 'sharedWith' in place

interface Published {
  readonly version: VersionToPublish
  readonly number: number
  readonly blobs: ReadonlyMap<string, number>
  readonly updatedAt: number
  readonly forced: boolean
}

const ATTRIBUTES_COLUMNS = ['attributes_blob', 'attributes_offset_bytes', 'attributes_size_bytes'] as const

function* addVersion({ row_id: rowId, is_primary }: PropertiesRow, published: Published, ending: Ending): Sql<void> {
  const { version, number, blobs, updatedAt, forced } = published
  const { levels, document } = version
  const attributesRange = isShared(levels)
    ? yield* shared('image_set_versions', ATTRIBUTES_COLUMNS, levels, ending)
    : {
        attributes_blob: blobs.get(levels.blobKey)!,
        ...{ attributes_offset_bytes: levels.offsetBytes, attributes_size_bytes: levels.sizeBytes },
      }
  yield* insertRows('image_set_versions', [
    {
      ...{
        row_id: rowId,
        version: number,
        workflow_status: DONE[ending.request.operation],
        is_primary,
        updated_at: updatedAt,
      },
      ...{ forced: forced ? 1 : 0, ...attributesRange },
    },
  ])
  const documentRange = isShared(document)
    ? yield* shared('image_set_documents', DOCUMENT_COLUMNS, document, ending)
    : documentColumns(blobs.get(document.blobKey)!, document)
  yield* insertRows('image_set_documents', [{ row_id: rowId, version: number, ...documentRange }])
  if (isShared(levels) || isShared(document)) yield* addUsesOfVersion(rowId, number)
}

/** The columns of the other version. */
function* shared<Name extends 'image_set_versions' | 'image_set_documents', Column extends keyof RowOf<Name> & string>(
  table: Name,
  columns: readonly Column[],
  { sharedWith }: SharedWith,
  { rowIdOf }: Ending,
): Sql<Pick<RowOf<Name>, Column>> {
  const row = yield* one<Pick<RowOf<Name>, Column>>(
    `SELECT ${columns.join(', ')} FROM ${table} WHERE row_id = ? AND version = ?`,
    ...[rowIdOf.get(sharedWith.imageSetId)!, sharedWith.version],
  )
  assert(row, 'bytes are shared with a version that is there')
  return row
}

function* addUsesOfVersion(rowId: number, version: number): Sql<void> {
  const rows = yield* all<{ blob: number }>(
    `SELECT attributes_blob AS blob FROM image_set_versions WHERE row_id = ? AND version = ?
     UNION SELECT blob FROM image_set_documents WHERE row_id = ? AND version = ?`,
    ...[rowId, version, rowId, version],
  )
  yield* addUses(rows.map(({ blob }) => ({ blob, row_id: rowId })))
}

export function* fail(
  lease: WorkflowLease,
  { message, at }: Parameters<Workflows['fail']>[1],
  upkeep: SearchUpkeep,
): Sql<void> {
  const { request } = yield* underWorkflowLease(lease)
  const status = FAILED[request.operation]
  const change = { number: yield* upkeep.beginChange(), at }
  const rows = yield* propertiesOfWorkflow(lease.workflow)
  const changes: IndexChange[] = []
  for (const row of rows) {
    if (row.role === 'source') yield* unlock(row.row_id, yield* statusOfVersion(row))
    else if (row.role === 'created') yield* failToCreate(row, { status, message, at })
    else changes.push(yield* failVersion(row, { status, message, change, upkeep }))
  }
  yield* upkeep.apply(changes)
  yield* purgeRowHistory({ at, added: changes.length })
  yield* removeWorkflow(lease.workflow)
}

/** Of the version that was copied it is told from now on, also once there are later ones. */
function* endAsSource({ row_id: rowId, version }: PropertiesRow, status: string): Sql<void> {
  yield* unlock(rowId, status)
  yield* run(
    'UPDATE image_set_versions SET workflow_status = ? WHERE row_id = ? AND version = ?',
    ...[status, rowId, version],
  )
}

function* statusOfVersion({ row_id: rowId, version }: PropertiesRow): Sql<string> {
  const row = yield* one<{ workflow_status: string }>(
    'SELECT workflow_status FROM image_set_versions WHERE row_id = ? AND version = ?',
    ...[rowId, version],
  )
  return row!.workflow_status
}

/** It never comes into being: only GetImageSet tells why, until it is deleted. */
function* failToCreate(
  { row_id: rowId, is_primary }: PropertiesRow,
  { status, message, at }: { readonly status: Status; readonly message: string; readonly at: number },
): Sql<void> {
  yield* unlock(rowId, status)
  yield* insertRows('image_set_versions', [
    { row_id: rowId, version: 1, workflow_status: status, is_primary, updated_at: at, message },
  ])
}

function* failVersion(
  row: PropertiesRow,
  failing: {
    readonly status: Status
    readonly message: string
    readonly change: Ending['change']
    readonly upkeep: SearchUpkeep
  },
): Sql<IndexChange> {
  const { row_id: rowId, version } = row
  const { status, message, change, upkeep } = failing
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

function* unlock(rowId: number, status: string): Sql<void> {
  yield* run(`UPDATE image_sets SET image_set_state = 'ACTIVE', workflow_status = ? WHERE row_id = ?`, status, rowId)
}

function* removeWorkflow(workflow: number): Sql<void> {
  yield* run('DELETE FROM workflow_image_sets WHERE workflow = ?', workflow)
  yield* run('DELETE FROM workflows WHERE workflow = ?', workflow)
}

export function* completeDeletion(lease: WorkflowLease, at: number, upkeep: SearchUpkeep): Sql<void> {
  yield* underWorkflowLease(lease)
  for (const { row_id: rowId } of yield* propertiesOfWorkflow(lease.workflow))
    yield* deleteImageSet({ rowId, at }, upkeep)
  yield* removeWorkflow(lease.workflow)
}
