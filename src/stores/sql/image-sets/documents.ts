/**
 * Metadata documents in SQL: what one is joined from, where it lies, and whether the version that it was made for still follows the one
 * that it was made from.
 */
import assert from 'node:assert/strict'
import { placeGroup } from '../../../imaging/grouping.ts'
import {
  type DocumentPlace,
  type DocumentsOfGroups,
  ImageSetMoved,
  type ImageSetVersion,
  type InstanceRecord,
  type LevelsPlace,
  type VersionToBe,
  type WaitingGroup,
} from '../../catalog/image-set-records.ts'
import { numberBlobs } from '../blobs/number-blobs.ts'
import { all, allOfMany, one, type Sql } from '../engine/statement.ts'
import { type FramesRow, framesPlaceOf } from '../rows/frames-place.ts'
import { primariesOfStudies } from '../rows/grouping-columns.ts'
import { imageSetIdOf } from '../rows/image-set-id.ts'
import { insertRows } from '../rows/insert-rows.ts'
import type { RowOf } from '../rows/tables.ts'

type InstanceRecordRow = MetadataRow & (FramesRow | { readonly frames_key: null })

interface MetadataRow {
  readonly sop_instance_uid: string
  readonly sop_class_uid: string
  readonly transfer_syntax_uid: string
  readonly blob_key: string
  readonly offset_bytes: number
  readonly size_bytes: number
  readonly metadata_key: string
  readonly metadata_offset_bytes: number
  readonly instance_metadata_bytes: number
  readonly attributes_bytes: number
}

const selectParts = (table: 'instances' | 'import_files', columns = ''): string =>
  `SELECT ${columns} sop_instance_uid, sop_class_uid, transfer_syntax_uid, blobs.blob_key, offset_bytes, ${table}.size_bytes,
   metadata_blobs.blob_key AS metadata_key, metadata_offset_bytes, instance_metadata_bytes, attributes_bytes, frames_key,
   frames_blobs.blob_key AS frames_blob_key, frames_offset_bytes, frames_size_bytes, frame_count, frames_hold, frames_checksum,
   stored_transfer_syntax_uid
   FROM ${table} JOIN blobs ON blobs.blob = ${table}.blob
   JOIN blobs AS metadata_blobs ON metadata_blobs.blob = metadata_blob
   LEFT JOIN blobs AS frames_blobs ON frames_blobs.blob = frames_blob`

const partsOf = (row: InstanceRecordRow): InstanceRecord => ({
  sopInstanceUID: row.sop_instance_uid,
  sopClassUID: row.sop_class_uid,
  transferSyntaxUID: row.transfer_syntax_uid,
  blobKey: row.blob_key,
  offsetBytes: row.offset_bytes,
  sizeBytes: row.size_bytes,
  metadata: {
    blobKey: row.metadata_key,
    offsetBytes: row.metadata_offset_bytes,
    entryBytes: row.instance_metadata_bytes,
    levelsBytes: row.attributes_bytes,
  },
  frames: row.frames_key === null ? undefined : framesPlaceOf(row),
})

/** Published now, each group would become this; of files with one SOPInstanceUID the last is taken. */
export function* versionsToBe(jobId: string, groups: readonly WaitingGroup[]): Sql<readonly VersionToBe[]> {
  const job = yield* one<{ datastore: number }>('SELECT datastore FROM import_jobs WHERE job_id = ?', jobId)
  assert(job, 'groups wait in a job')
  const rows = yield* allOfMany<InstanceRecordRow & { readonly group_id: number; readonly file: number }>(
    (marks) => `${selectParts('import_files', 'group_id, file,')} WHERE group_id IN (${marks})`,
    [],
    groups.map(({ groupId }) => groupId),
  )
  const filesOf = Map.groupBy(rows, (row) => row.group_id)
  const bases = yield* basesOf(job.datastore, groups)
  return groups.map((group) => {
    const files = filesOf.get(group.groupId)!.sort((a, b) => a.file - b.file)
    const last = new Map(files.map((row) => [row.sop_instance_uid, row]))
    const added = files.filter((row) => last.get(row.sop_instance_uid) === row).map(partsOf)
    return { groupId: group.groupId, base: bases.get(group.groupId), added }
  })
}

/** By group, the version of the image set that it would extend. */
function* basesOf(datastore: number, groups: readonly WaitingGroup[]): Sql<ReadonlyMap<number, ImageSetVersion>> {
  const studies = groups.map(({ elements }) => elements.StudyInstanceUID)
  const standing = yield* primariesOfStudies(datastore, studies)
  const rowIdOf = new Map<number, number>()
  for (const { groupId, elements } of groups) {
    const placement = placeGroup(elements, standing.get(elements.StudyInstanceUID) ?? [])
    if (placement.place === 'extend') rowIdOf.set(groupId, placement.rowId)
  }
  const rows = yield* allOfMany<{ row_id: number; id_suffix: string; version: number }>(
    (marks) => `SELECT row_id, id_suffix, version FROM image_sets WHERE row_id IN (${marks})`,
    [],
    [...rowIdOf.values()],
  )
  const versionOf = new Map(
    rows.map(({ row_id: rowId, id_suffix, version }) => [
      rowId,
      { imageSetId: imageSetIdOf(rowId, id_suffix), version },
    ]),
  )
  return new Map([...rowIdOf].map(([groupId, rowId]) => [groupId, versionOf.get(rowId)!]))
}

export function* recordsOfVersion(
  rowId: number,
  version: number,
  sopInstanceUIDs?: readonly string[],
): Sql<readonly InstanceRecord[]> {
  const select = `${selectParts('instances')} WHERE row_id = ? AND added_in <= ? AND (removed_in IS NULL OR removed_in > ?)`
  const values = [rowId, version, version]
  if (sopInstanceUIDs === undefined) {
    const rows = yield* all<InstanceRecordRow>(
      `${select} ORDER BY instances.blob, offset_bytes, sop_instance_uid`,
      ...values,
    )
    return rows.map(partsOf)
  }
  const rows = yield* allOfMany<InstanceRecordRow>(
    (marks) => `${select} AND sop_instance_uid IN (${marks})`,
    values,
    sopInstanceUIDs,
  )
  return rows.map(partsOf)
}

export function* levelsOfVersion(rowId: number, version: number): Sql<LevelsPlace | 'absent'> {
  const row = yield* one<{
    readonly blob_key: string
    readonly attributes_offset_bytes: number
    readonly attributes_size_bytes: number
  }>(
    `SELECT blob_key, attributes_offset_bytes, attributes_size_bytes FROM image_set_versions JOIN blobs ON blobs.blob = attributes_blob
     WHERE row_id = ? AND version = ?`,
    ...[rowId, version],
  )
  if (row === undefined) return 'absent'
  return { blobKey: row.blob_key, offsetBytes: row.attributes_offset_bytes, sizeBytes: row.attributes_size_bytes }
}

interface PublishedVersion {
  readonly groupId: number
  readonly rowId: number
  readonly idSuffix: string
  readonly version: number
}

/**
 * @returns the blob of the documents
 * @throws ImageSetMoved where another job has published a version between what a document was joined from and now.
 */
export function* addDocuments(
  job: number,
  published: readonly PublishedVersion[],
  documents: DocumentsOfGroups,
): Sql<number> {
  const { blobKey, digest } = documents
  const blob = (yield* numberBlobs(job, [blobKey], new Map([[blobKey, digest]]))).get(blobKey)!
  yield* insertRows('image_set_documents', documentRows(blob, published, documents))
  return blob
}

export const DOCUMENT_COLUMNS = [
  'blob',
  'offset_bytes',
  'size_bytes',
  'content_bytes',
  'crc32',
  'body_checksum',
] as const

function documentRows(
  blob: number,
  published: readonly PublishedVersion[],
  { ofGroups }: DocumentsOfGroups,
): readonly RowOf<'image_set_documents'>[] {
  return published.map(({ groupId, rowId, idSuffix, version }) => {
    const document = ofGroups.get(groupId)
    assert(document, 'every group has its document')
    const { base } = document
    const isAsExpected =
      version === 1
        ? base === undefined
        : base?.version === version - 1 && base.imageSetId === imageSetIdOf(rowId, idSuffix)
    if (!isAsExpected) throw new ImageSetMoved()
    return { row_id: rowId, version, ...documentColumns(blob, document) }
  })
}

export const documentColumns = (blob: number, place: Omit<DocumentPlace, 'blobKey'>) => ({
  blob,
  offset_bytes: place.offsetBytes,
  size_bytes: place.sizeBytes,
  content_bytes: place.contentBytes,
  crc32: place.crc32,
  body_checksum: place.bodyChecksum,
})

/** Of the given version, or of the latest. */
export function* documentOf(rowId: number, version: number | undefined): Sql<DocumentPlace | 'absent'> {
  const row = yield* one<{
    readonly blob_key: string
    readonly offset_bytes: number
    readonly size_bytes: number
    readonly content_bytes: number
    readonly crc32: number
    readonly body_checksum: number
  }>(
    `SELECT blob_key, offset_bytes, documents.size_bytes, content_bytes, crc32, body_checksum FROM image_set_documents AS documents
     JOIN blobs ON blobs.blob = documents.blob
     WHERE row_id = ? AND version = ${version === undefined ? '(SELECT version FROM image_sets WHERE row_id = ?)' : '?'}`,
    ...[rowId, version ?? rowId],
  )
  if (row === undefined) return 'absent'
  return {
    blobKey: row.blob_key,
    offsetBytes: row.offset_bytes,
    sizeBytes: row.size_bytes,
    contentBytes: row.content_bytes,
    crc32: row.crc32,
    bodyChecksum: row.body_checksum,
  }
}
