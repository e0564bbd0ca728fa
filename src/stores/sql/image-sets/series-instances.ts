/** The instances of a series, as DICOMweb retrieves them. */
import type { PlacedInstance } from '../../catalog/image-set-records.ts'
import type { ImageSets } from '../../catalog/image-set-repository.ts'
import { datastoreNumber } from '../datastores/datastores.ts'
import { all, type Sql } from '../engine/statement.ts'
import { imageSetIdOf, parseImageSetId } from '../rows/image-set-id.ts'
import { recordsOfVersion } from './instance-records.ts'

interface ImageSetRow {
  readonly row_id: number
  readonly id_suffix: string
  readonly version: number
}

/** A series has one primary image set, and more only where its files disagree about the patient or the study. */
export function* instancesOfSeries({
  sopInstanceUID,
  ...series
}: Parameters<ImageSets['instancesOfSeries']>[0]): Sql<readonly PlacedInstance[]> {
  const placed: PlacedInstance[] = []
  const sopInstanceUIDs = sopInstanceUID === undefined ? undefined : [sopInstanceUID]
  for (const { row_id, id_suffix, version } of yield* imageSetsOf(series)) {
    const imageSetId = imageSetIdOf(row_id, id_suffix)
    for (const record of yield* recordsOfVersion(row_id, version, sopInstanceUIDs)) {
      placed.push({ ...record, imageSetId, version })
    }
  }
  return placed
}

function* imageSetsOf({
  datastoreId,
  studyInstanceUID,
  seriesInstanceUID,
  imageSetId,
}: Omit<Parameters<ImageSets['instancesOfSeries']>[0], 'sopInstanceUID'>): Sql<readonly ImageSetRow[]> {
  const datastore = yield* datastoreNumber(datastoreId)
  if (datastore === undefined) return []
  const id = imageSetId === undefined ? undefined : parseImageSetId(imageSetId)
  if (imageSetId !== undefined && id === undefined) return []
  // The plus keeps SQLite from scanning all primary image sets.
  const [condition, values] =
    id === undefined ? ['+is_primary = 1', []] : ['row_id = ? AND id_suffix = ?', [id.rowId, id.idSuffix]]
  return yield* all<ImageSetRow>(
    `SELECT row_id, id_suffix, version FROM image_sets
     WHERE datastore = ? AND series_instance_uid = ? AND study_instance_uid = ? AND ${condition} AND deleted_at IS NULL
     ORDER BY row_id`,
    ...[datastore, seriesInstanceUID, studyInstanceUID, ...values],
  )
}
