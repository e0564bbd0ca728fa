/** The image sets of a study or of one of its series, as DICOMweb retrieves and deletes them. */
import type { ImageSetOfSeries } from '../../catalog/image-set-records.ts'
import type { ImageSets } from '../../catalog/image-set-repository.ts'
import { all, type Sql } from '../engine/statement.ts'
import { imageSetIdOf, parseImageSetId } from '../rows/image-set-id.ts'

interface ImageSetRow {
  readonly row_id: number
  readonly id_suffix: string
  readonly version: number
  readonly series_instance_uid: string
}

export function* imageSetsOfStudy({
  datastoreId,
  studyInstanceUID,
  seriesInstanceUID,
  imageSetId,
}: Parameters<ImageSets['ofStudy']>[0]): Sql<readonly ImageSetOfSeries[]> {
  const id = imageSetId === undefined ? undefined : parseImageSetId(imageSetId)
  if (imageSetId !== undefined && id === undefined) return []
  // The plus keeps SQLite from scanning all primary image sets.
  const [ofSet, setValues] =
    id === undefined ? ['+is_primary = 1', []] : ['row_id = ? AND id_suffix = ?', [id.rowId, id.idSuffix]]
  const [ofSeries, seriesValues] =
    seriesInstanceUID === undefined ? ['', []] : [' AND series_instance_uid = ?', [seriesInstanceUID]]
  const rows = yield* all<ImageSetRow>(
    `SELECT row_id, id_suffix, version, series_instance_uid FROM image_sets
     WHERE datastore = (SELECT datastore FROM datastores WHERE datastore_id = ?)
     AND study_instance_uid = ?${ofSeries} AND ${ofSet} AND deleted_at IS NULL ORDER BY row_id`,
    ...[datastoreId, studyInstanceUID, ...seriesValues, ...setValues],
  )
  return rows.map((row) => ({
    imageSetId: imageSetIdOf(row.row_id, row.id_suffix),
    version: row.version,
    seriesInstanceUID: row.series_instance_uid,
  }))
}

export interface RowOfStudy {
  readonly row_id: number
  readonly id_suffix: string
  readonly version: number
  readonly image_set_state: string
}

/** Primary or not. */
export function* rowsOfStudy({
  datastoreId,
  studyInstanceUID,
  seriesInstanceUID,
  max,
}: Parameters<ImageSets['idsOfStudy']>[0]): Sql<readonly RowOfStudy[]> {
  const [ofSeries, seriesValues] =
    seriesInstanceUID === undefined ? ['', []] : [' AND series_instance_uid = ?', [seriesInstanceUID]]
  return yield* all<RowOfStudy>(
    `SELECT row_id, id_suffix, version, image_set_state FROM image_sets
     WHERE datastore = (SELECT datastore FROM datastores WHERE datastore_id = ?)
     AND study_instance_uid = ?${ofSeries} AND deleted_at IS NULL ORDER BY row_id LIMIT ?`,
    ...[datastoreId, studyInstanceUID, ...seriesValues, max],
  )
}

export function* idsOfStudy(study: Parameters<ImageSets['idsOfStudy']>[0]): Sql<readonly string[]> {
  return (yield* rowsOfStudy(study)).map(({ row_id, id_suffix }) => imageSetIdOf(row_id, id_suffix))
}
