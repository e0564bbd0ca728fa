/** Where patient, study and series of a version lie. */
import type { AttributesRange } from '../../catalog/image-set-records.ts'
import { one, type Sql } from '../engine/statement.ts'

export const ATTRIBUTES_COLUMNS = ['attributes_blob', 'attributes_offset_bytes', 'attributes_size_bytes'] as const

export function* attributesOfVersion(rowId: number, version: number): Sql<AttributesRange | 'absent'> {
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
