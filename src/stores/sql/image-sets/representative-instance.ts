/** The instance that stands for a study or a series in a thumbnail. */
import type { ImageSets } from '../../catalog/image-set-repository.ts'
import { all, one, type Sql } from '../engine/statement.ts'
import { imageSetIdOf, parseImageSetId } from '../rows/image-set-id.ts'
import { type InstanceRecordRow, recordOf, selectRecords } from './instance-records.ts'

interface CountedRow {
  readonly set_row: number
  readonly id_suffix: string
  readonly version: number
  readonly with_frames: number
}

/** The image set with the most instances that have frames; it reads the rows of all instances of the study, without their blobs. */
export function* representativeInstance({
  datastoreId,
  studyInstanceUID,
  seriesInstanceUID,
  imageSetId,
}: Parameters<ImageSets['representativeInstance']>[0]): Sql<Awaited<ReturnType<ImageSets['representativeInstance']>>> {
  const id = imageSetId === undefined ? undefined : parseImageSetId(imageSetId)
  if (imageSetId !== undefined && id === undefined) return 'absent'
  // The plus keeps SQLite from scanning all primary image sets.
  const [ofSet, setValues] =
    id === undefined ? ['+is_primary = 1', []] : ['image_sets.row_id = ? AND id_suffix = ?', [id.rowId, id.idSuffix]]
  const [ofSeries, seriesValues] =
    seriesInstanceUID === undefined ? ['', []] : [' AND series_instance_uid = ?', [seriesInstanceUID]]
  const [counted] = yield* all<CountedRow>(
    `SELECT image_sets.row_id AS set_row, id_suffix, version, count(frames_blob) AS with_frames
     FROM image_sets CROSS JOIN instances
     WHERE datastore = (SELECT datastore FROM datastores WHERE datastore_id = ?)
     AND study_instance_uid = ?${ofSeries} AND ${ofSet} AND deleted_at IS NULL
     AND instances.row_id = image_sets.row_id AND removed_in IS NULL
     GROUP BY image_sets.row_id, id_suffix, version ORDER BY with_frames DESC, image_sets.row_id LIMIT 1`,
    ...[datastoreId, studyInstanceUID, ...seriesValues, ...setValues],
  )
  if (counted === undefined) return 'absent'
  if (counted.with_frames === 0) return 'without-frames'
  const row = yield* one<InstanceRecordRow>(
    `${selectRecords('instances')} WHERE row_id = ? AND removed_in IS NULL AND frames_blob IS NOT NULL
     ORDER BY instances.blob, offset_bytes, sop_instance_uid LIMIT 1 OFFSET ?`,
    ...[counted.set_row, Math.floor((counted.with_frames - 1) / 2)],
  )
  return {
    ...recordOf(row!),
    imageSetId: imageSetIdOf(counted.set_row, counted.id_suffix),
    version: counted.version,
  }
}
