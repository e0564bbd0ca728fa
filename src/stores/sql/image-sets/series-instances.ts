/** The instances of a series, as DICOMweb retrieves them. Each retrieval runs this statement. */
import type { PlacedInstance } from '../../catalog/image-set-records.ts'
import type { ImageSets } from '../../catalog/image-set-repository.ts'
import { all, type Sql } from '../engine/statement.ts'
import { imageSetIdOf, parseImageSetId } from '../rows/image-set-id.ts'
import { type InstanceRecordRow, recordOf, selectRecords } from './instance-records.ts'

type PlacedRow = InstanceRecordRow & {
  readonly set_row: number
  readonly id_suffix: string
  readonly version: number
}

/** CROSS JOIN keeps SQLite from beginning with the instances. */
const SELECT = selectRecords('instances', {
  columns: 'image_sets.row_id AS set_row, id_suffix, version,',
  from: 'image_sets CROSS JOIN instances',
})

/** A series has one primary image set, and more only where its files disagree about the patient or the study. */
export function* instancesOfSeries({
  datastoreId,
  studyInstanceUID,
  seriesInstanceUID,
  sopInstanceUID,
  imageSetId,
}: Parameters<ImageSets['instancesOfSeries']>[0]): Sql<readonly PlacedInstance[]> {
  const id = imageSetId === undefined ? undefined : parseImageSetId(imageSetId)
  if (imageSetId !== undefined && id === undefined) return []
  // The plus keeps SQLite from scanning all primary image sets.
  const [ofSet, setValues] =
    id === undefined ? ['+is_primary = 1', []] : ['image_sets.row_id = ? AND id_suffix = ?', [id.rowId, id.idSuffix]]
  const [ofInstance, instanceValues] =
    sopInstanceUID === undefined ? ['', []] : [' AND sop_instance_uid = ?', [sopInstanceUID]]
  const rows = yield* all<PlacedRow>(
    `${SELECT} WHERE datastore = (SELECT datastore FROM datastores WHERE datastore_id = ?)
     AND series_instance_uid = ? AND study_instance_uid = ? AND ${ofSet} AND deleted_at IS NULL
     AND instances.row_id = image_sets.row_id AND removed_in IS NULL${ofInstance}
     ORDER BY image_sets.row_id, instances.blob, offset_bytes, sop_instance_uid`,
    ...[datastoreId, seriesInstanceUID, studyInstanceUID, ...setValues, ...instanceValues],
  )
  return rows.map((row) => ({
    ...recordOf(row),
    imageSetId: imageSetIdOf(row.set_row, row.id_suffix),
    version: row.version,
  }))
}
