/** Where the frames of an instance lie: asked for with every frame that anybody looks at. */
import type { FramesPlace, ImageSets } from '../catalog.ts'
import { one, type Sql } from './statement.ts'

interface FramesRow {
  readonly sop_instance_uid: string
  readonly sop_class_uid: string
  readonly transfer_syntax_uid: string
  readonly blob_key: string
  readonly offset_bytes: number
  readonly size_bytes: number
  readonly frames_blob_key: string
  readonly frames_offset_bytes: number
  readonly frames_size_bytes: number
  readonly frame_count: number
  readonly frames_hold: FramesPlace['holds']
  readonly stored_transfer_syntax_uid: string
}

/** Of one table: joined to blobs, or with EXISTS, the statement took SQLite 20 to 60 microseconds, and so it takes four. */
const keyOf = (column: string): string => `(SELECT blob_key FROM blobs WHERE blobs.blob = instances.${column})`

/** The plus keeps SQLite from going through all instances of the image set. */
const SELECT = `SELECT sop_instance_uid, sop_class_uid, transfer_syntax_uid, ${keyOf('blob')} AS blob_key, offset_bytes, size_bytes,
  ${keyOf('frames_blob')} AS frames_blob_key, frames_offset_bytes, frames_size_bytes, frame_count, frames_hold,
  stored_transfer_syntax_uid
  FROM instances WHERE frames_key = ? AND +seq = ? LIMIT 1`

/** Of the instance in any version that holds it: all share its frames and its file. */
export function* placeOfFrames(seq: number, framesKey: string): Sql<Awaited<ReturnType<ImageSets['frames']>>> {
  const row = yield* one<FramesRow>(SELECT, framesKey, seq)
  if (row === undefined) return undefined
  return {
    frames: {
      framesKey,
      frameCount: row.frame_count,
      storedTransferSyntaxUID: row.stored_transfer_syntax_uid,
      blobKey: row.frames_blob_key,
      offsetBytes: row.frames_offset_bytes,
      sizeBytes: row.frames_size_bytes,
      holds: row.frames_hold,
    },
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
