/** The places of all frames, for `hilum verify`: instance by instance, in the order of their rows. */
import type { Blobs, InstanceFrames } from '../../catalog/blob-repository.ts'
import { all, one, type Sql } from '../engine/statement.ts'
import { type FramesRow, framesRangeOf } from '../rows/frames-range.ts'

interface FramesOfInstanceRow extends FramesRow {
  readonly row_id: number
  readonly sop_instance_uid: string
  readonly added_in: number
  readonly blob_key: string
  readonly offset_bytes: number
}

const ROW = '(i.row_id, i.sop_instance_uid, i.added_in)'

const SELECT = `SELECT i.row_id, i.sop_instance_uid, i.added_in, blobs.blob_key, i.offset_bytes, i.frames_key,
    frames_blobs.blob_key AS frames_blob_key, i.frames_offset_bytes, i.frames_size_bytes, i.frame_count, i.frames_hold,
    i.frames_checksum, i.stored_transfer_syntax_uid
  FROM instances AS i JOIN blobs ON blobs.blob = i.blob JOIN blobs AS frames_blobs ON frames_blobs.blob = i.frames_blob`

const framesOf = (row: FramesOfInstanceRow): InstanceFrames => ({
  row: { rowId: row.row_id, sopInstanceUID: row.sop_instance_uid, addedIn: row.added_in },
  frames: framesRangeOf(row),
  file: { blobKey: row.blob_key, offsetBytes: row.offset_bytes },
})

/** Versions and copies that share frames have a row each: only the first is returned. */
export function* framesOfInstances({
  after,
  limit,
}: Parameters<Blobs['listFrames']>[0]): Sql<readonly InstanceFrames[]> {
  const { rowId, sopInstanceUID, addedIn } = after ?? { rowId: 0, sopInstanceUID: '', addedIn: 0 }
  const rows = yield* all<FramesOfInstanceRow>(
    `${SELECT} WHERE i.frames_key IS NOT NULL AND ${ROW} > (?, ?, ?) AND NOT EXISTS (
       SELECT 1 FROM instances AS earlier WHERE earlier.frames_key = i.frames_key
       AND (earlier.row_id, earlier.sop_instance_uid, earlier.added_in) < ${ROW}
     ) ORDER BY i.row_id, i.sop_instance_uid, i.added_in LIMIT ?`,
    ...[rowId, sopInstanceUID, addedIn, limit],
  )
  return rows.map(framesOf)
}

export function* getFrames({ rowId, sopInstanceUID, addedIn }: InstanceFrames['row']): Sql<InstanceFrames | undefined> {
  const row = yield* one<FramesOfInstanceRow>(
    `${SELECT} WHERE i.frames_key IS NOT NULL AND i.row_id = ? AND i.sop_instance_uid = ? AND i.added_in = ?`,
    ...[rowId, sopInstanceUID, addedIn],
  )
  return row && framesOf(row)
}
