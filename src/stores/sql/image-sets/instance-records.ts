/** Where the file, the metadata and the frames of instances lie: of a version, or of files in unpublished groups. */
import type { InstanceRecord } from '../../catalog/image-set-records.ts'
import { all, allOfMany, type Sql } from '../engine/statement.ts'
import { type FramesRow, framesRangeOf } from '../rows/frames-range.ts'
import type { InstanceFileRow } from '../rows/instance-file.ts'

export type InstanceRecordRow = MetadataRow & (FramesRow | { readonly frames_key: null })

interface MetadataRow extends InstanceFileRow {
  readonly metadata_key: string
  readonly metadata_offset_bytes: number
  readonly instance_metadata_bytes: number
  readonly attributes_bytes: number
}

/** @param options.from the table, or a join with it */
export const selectRecords = (
  table: 'instances' | 'import_files',
  { columns = '', from = table }: { readonly columns?: string; readonly from?: string } = {},
): string =>
  `SELECT ${columns} sop_instance_uid, sop_class_uid, transfer_syntax_uid, blobs.blob_key, offset_bytes, ${table}.size_bytes,
   metadata_blobs.blob_key AS metadata_key, metadata_offset_bytes, instance_metadata_bytes, attributes_bytes, frames_key,
   frames_blobs.blob_key AS frames_blob_key, frames_offset_bytes, frames_size_bytes, frame_count, frames_hold, frames_checksum,
   stored_transfer_syntax_uid
   FROM ${from} JOIN blobs ON blobs.blob = ${table}.blob
   JOIN blobs AS metadata_blobs ON metadata_blobs.blob = metadata_blob
   LEFT JOIN blobs AS frames_blobs ON frames_blobs.blob = frames_blob`

export const recordOf = (row: InstanceRecordRow): InstanceRecord => ({
  sopInstanceUID: row.sop_instance_uid,
  sopClassUID: row.sop_class_uid,
  transferSyntaxUID: row.transfer_syntax_uid,
  blobKey: row.blob_key,
  offsetBytes: row.offset_bytes,
  sizeBytes: row.size_bytes,
  metadata: {
    blobKey: row.metadata_key,
    offsetBytes: row.metadata_offset_bytes,
    instanceMetadataBytes: row.instance_metadata_bytes,
    imageSetAttributesBytes: row.attributes_bytes,
  },
  frames: row.frames_key === null ? undefined : framesRangeOf(row),
})

export function* recordsOfVersion(
  rowId: number,
  version: number,
  sopInstanceUIDs?: readonly string[],
): Sql<readonly InstanceRecord[]> {
  const select = `${selectRecords('instances')} WHERE row_id = ? AND added_in <= ? AND (removed_in IS NULL OR removed_in > ?)`
  const values = [rowId, version, version]
  if (sopInstanceUIDs === undefined) {
    const rows = yield* all<InstanceRecordRow>(
      `${select} ORDER BY instances.blob, offset_bytes, sop_instance_uid`,
      ...values,
    )
    return rows.map(recordOf)
  }
  const rows = yield* allOfMany<InstanceRecordRow>(
    (marks) => `${select} AND sop_instance_uid IN (${marks})`,
    values,
    sopInstanceUIDs,
  )
  return rows.map(recordOf)
}
