/** The next version of one image set of a workflow: its row, instances, document and attributes, whose bytes are durable. */
import assert from 'node:assert/strict'
import { withTextsOfInstances } from '../../../imaging/search/described.ts'
import type { BlobDigests } from '../../blobs/blob-store.ts'
import type { SharedWith, VersionToPublish } from '../../catalog/workflow-repository.ts'
import type { IndexChange } from '../../search/indexed-image-set.ts'
import type { SearchUpkeep } from '../../search/maintenance/update-index.ts'
import { addUses } from '../blobs/blob-uses.ts'
import { numberBlobs } from '../blobs/number-blobs.ts'
import { all, one, run, type Sql } from '../engine/statement.ts'
import { keepRowHistory } from '../history/changes.ts'
import { DOCUMENT_COLUMNS, documentColumns } from '../image-sets/documents.ts'
import type { PropertiesRow } from '../image-sets/image-set-properties.ts'
import { ATTRIBUTES_COLUMNS } from '../image-sets/version-attributes.ts'
import { nextInstances } from '../image-sets/version-instances.ts'
import { ELEMENT_COLUMNS, elementValues } from '../rows/grouping-columns.ts'
import { insertRows } from '../rows/insert-rows.ts'
import { withCounts } from '../rows/summary-tags.ts'
import type { RowOf } from '../rows/tables.ts'
import type { WorkflowStatus } from './workflow-rows.ts'

export interface PublishingVersions {
  readonly change: { readonly number: number; readonly at: number }
  readonly upkeep: SearchUpkeep
  readonly status: WorkflowStatus
  readonly forced: boolean
  /** By imageSetId, of the image sets of the workflow. */
  readonly rowIdOf: ReadonlyMap<string, number>
  readonly digests: BlobDigests
}

export function* publishVersion(
  row: PropertiesRow,
  version: VersionToPublish,
  publishing: PublishingVersions,
): Sql<IndexChange> {
  const { row_id: rowId } = row
  const { change, upkeep, status } = publishing
  const isNew = row.role === 'created'
  const before = isNew ? undefined : yield* upkeep.indexed(rowId)
  if (!isNew) yield* keepRowHistory(rowId, change)
  const number = row.next_version!
  const blobs = yield* numberNewBlobs(row, version, publishing)
  yield* nextInstances({ rowId, version: number, blobs }, version.instances, publishing.rowIdOf)
  const counted = yield* one<{ instances: number; distinct_uids: number }>(
    `SELECT count(*) AS instances, count(DISTINCT sop_instance_uid) AS distinct_uids FROM instances
     WHERE row_id = ? AND removed_in IS NULL`,
    rowId,
  )
  const { instances, distinct_uids } = counted!
  assert(instances > 0 && instances === distinct_uids, 'a version holds instances, each once')
  const origin = version.instances.kind === 'added' && isNew ? version.instances.from.imageSetId : version.imageSetId
  const former = yield* one<{ unlisted_texts: string | null }>(
    'SELECT unlisted_texts FROM image_sets WHERE row_id = ?',
    publishing.rowIdOf.get(origin)!,
  )
  const unlistedTexts = withTextsOfInstances(version.unlistedTexts, former!.unlisted_texts)
  // The clock may have been set back: a later version is never older.
  const updatedAt = Math.max(change.at, row.updated_at)
  yield* run(
    `UPDATE image_sets SET version = ?, image_set_state = 'ACTIVE', workflow_status = ?, updated_at = ?, last_accessed_at = ?,
     deleted_at = NULL, changed_in = ?, instance_count = ?, tags = ?,
     unlisted_texts = ?, study_timestamp = ?,
     ${ELEMENT_COLUMNS.map((column) => `${column} = ?`).join(', ')} WHERE row_id = ?`,
    ...[number, status, updatedAt, updatedAt, change.number, instances],
    ...[withCounts(version.tags, { instances }), unlistedTexts, version.studyTimestamp],
    ...[...elementValues(version.grouping), rowId],
  )
  yield* addVersion(row, { version, number, blobs, updatedAt }, publishing)
  const after = yield* upkeep.indexed(rowId)
  return before === undefined ? { after } : { before, after }
}

/** A new blob belongs to the import job whose files its content was made from. */
function* numberNewBlobs(
  { row_id: rowId }: PropertiesRow,
  { attributes, document, instances }: VersionToPublish,
  { rowIdOf, digests }: PublishingVersions,
): Sql<ReadonlyMap<string, number>> {
  const keys = [
    ...(isShared(attributes) ? [] : [attributes.blobKey]),
    ...(isShared(document) ? [] : [document.blobKey]),
    ...(instances.kind === 'changed' ? instances.replaced.map(({ by }) => by.metadata.blobKey) : []),
  ]
  if (keys.length === 0) return new Map()
  const origin = yield* one<{ job: number }>(
    'SELECT job FROM blobs WHERE blob = (SELECT max(blob) FROM instances WHERE row_id = ?)',
    instances.kind === 'added' ? rowIdOf.get(instances.from.imageSetId)! : rowId,
  )
  const blobs = yield* numberBlobs(origin!.job, keys, digests)
  yield* addUses([...blobs.values()].map((blob) => ({ blob, row_id: rowId })))
  return blobs
}

const isShared = <T extends object>(place: T | SharedWith): place is SharedWith => 'sharedWith' in place

interface NewVersion {
  readonly version: VersionToPublish
  readonly number: number
  readonly blobs: ReadonlyMap<string, number>
  readonly updatedAt: number
}

function* addVersion(
  { row_id: rowId, is_primary }: PropertiesRow,
  added: NewVersion,
  publishing: PublishingVersions,
): Sql<void> {
  const { version, number, blobs, updatedAt } = added
  const { attributes, document } = version
  const attributesRange = isShared(attributes)
    ? yield* shared('image_set_versions', ATTRIBUTES_COLUMNS, attributes, publishing)
    : {
        attributes_blob: blobs.get(attributes.blobKey)!,
        ...{ attributes_offset_bytes: attributes.offsetBytes, attributes_size_bytes: attributes.sizeBytes },
      }
  yield* insertRows('image_set_versions', [
    {
      ...{
        row_id: rowId,
        version: number,
        workflow_status: publishing.status,
        is_primary,
        updated_at: updatedAt,
      },
      ...{ forced: publishing.forced ? 1 : 0, ...attributesRange },
    },
  ])
  const documentRange = isShared(document)
    ? yield* shared('image_set_documents', DOCUMENT_COLUMNS, document, publishing)
    : documentColumns(blobs.get(document.blobKey)!, document)
  yield* insertRows('image_set_documents', [{ row_id: rowId, version: number, ...documentRange }])
  if (isShared(attributes) || isShared(document)) yield* addUsesOfVersion(rowId, number)
}

/** The columns of the other version. */
function* shared<Name extends 'image_set_versions' | 'image_set_documents', Column extends keyof RowOf<Name> & string>(
  table: Name,
  columns: readonly Column[],
  { sharedWith }: SharedWith,
  { rowIdOf }: PublishingVersions,
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
