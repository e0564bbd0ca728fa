/** Where the frames of an instance lie. Each GetImageFrame runs this statement. */
import type { ImageSets } from '../../catalog/image-set-repository.ts'
import { one, type Sql } from '../engine/statement.ts'
import { type FramesRow, framesRangeOf } from '../rows/frames-range.ts'
import { parseImageSetId } from '../rows/image-set-id.ts'
import type { InstanceFileRow } from '../rows/instance-file.ts'

interface FramesOfImageSetRow extends FramesRow, InstanceFileRow {
  readonly id_suffix: string
  readonly datastore_id: string
}

/** Subqueries on one table take SQLite 4 microseconds; a join with blobs, or EXISTS, took 20 to 60. */
const keyOf = (column: string): string => `(SELECT blob_key FROM blobs WHERE blobs.blob = instances.${column})`

/** The plus keeps SQLite from scanning all instances of the image set. */
const SELECT = `SELECT sop_instance_uid, sop_class_uid, transfer_syntax_uid, ${keyOf('blob')} AS blob_key, offset_bytes, size_bytes,
  ${keyOf('frames_blob')} AS frames_blob_key, frames_offset_bytes, frames_size_bytes, frame_count, frames_hold, frames_checksum,
  stored_transfer_syntax_uid, frames_key, (SELECT id_suffix FROM image_sets WHERE image_sets.row_id = instances.row_id) AS id_suffix,
  (SELECT datastore_id FROM datastores WHERE datastores.datastore =
    (SELECT datastore FROM image_sets WHERE image_sets.row_id = instances.row_id)) AS datastore_id
  FROM instances WHERE frames_key = ? AND +row_id = ? LIMIT 1`

/**
 * In any version with the instance: all share its frames and its file. The image set is not read first: its instances are deleted with it.
 */
export function* rangeOfFrames({
  datastoreId,
  imageSetId,
  framesKey,
}: Parameters<ImageSets['frames']>[0]): Sql<Awaited<ReturnType<ImageSets['frames']>>> {
  const id = parseImageSetId(imageSetId)
  const row = id && (yield* one<FramesOfImageSetRow>(SELECT, framesKey, id.rowId))
  if (row?.id_suffix !== id?.idSuffix || row?.datastore_id !== datastoreId) return undefined
  return {
    frames: framesRangeOf(row),
    file: {
      sopInstanceUID: row.sop_instance_uid,
      sopClassUID: row.sop_class_uid,
      transferSyntaxUID: row.transfer_syntax_uid,
      blobKey: row.blob_key,
      offsetBytes: row.offset_bytes,
      sizeBytes: row.size_bytes,
    },
  }
}
