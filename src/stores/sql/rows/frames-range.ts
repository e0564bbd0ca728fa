/** Where the frames of an instance lie, from the columns of its row. */
import type { FramesRange } from '../../catalog/image-set-records.ts'

/** Of an instance with frames. */
export interface FramesRow {
  readonly frames_key: string
  readonly frames_blob_key: string
  readonly frames_offset_bytes: number
  readonly frames_size_bytes: number
  readonly frame_count: number
  readonly frames_hold: FramesRange['holds']
  /** Null where the range holds a table. */
  readonly frames_checksum: number | null
  readonly stored_transfer_syntax_uid: string
}

export function framesRangeOf(row: FramesRow): FramesRange {
  const range = {
    framesKey: row.frames_key,
    frameCount: row.frame_count,
    storedTransferSyntaxUID: row.stored_transfer_syntax_uid,
    blobKey: row.frames_blob_key,
    offsetBytes: row.frames_offset_bytes,
    sizeBytes: row.frames_size_bytes,
  }
  if (row.frames_hold === 'table') return { ...range, holds: 'table' }
  return { ...range, holds: 'frame', checksum: row.frames_checksum! }
}
