/** What the series of a study have together, from the rows of its primary image sets. */
import type { SeriesSearches, StudyTotals } from '../../catalog/series-repository.ts'
import { all, allOfMany, type Sql } from '../engine/statement.ts'

const DATASTORE = '(SELECT datastore FROM datastores WHERE datastore_id = ?)'
/** The sum keeps SQLite from using an index that begins with is_primary. */
const PRIMARY = 'is_primary + 0 = 1 AND deleted_at IS NULL'

export function* totalsOfStudies({
  datastoreId,
  studyInstanceUIDs,
}: Parameters<SeriesSearches['totalsOfStudies']>[0]): Sql<ReadonlyMap<string, StudyTotals>> {
  const rows = yield* allOfMany<{
    study_instance_uid: string
    series_instance_uid: string
    instance_count: number
    tags: string
  }>(
    (marks) =>
      `SELECT study_instance_uid, series_instance_uid, instance_count, tags FROM image_sets
       WHERE datastore = ${DATASTORE} AND study_instance_uid IN (${marks}) AND ${PRIMARY}`,
    [datastoreId],
    studyInstanceUIDs,
  )
  const totals = [...Map.groupBy(rows, (row) => row.study_instance_uid)].map(([study, all]): [string, StudyTotals] => [
    study,
    {
      series: new Set(all.map((row) => row.series_instance_uid)).size,
      instances: all.reduce((sum, row) => sum + row.instance_count, 0),
      modalities: [...new Set(all.flatMap(({ tags }) => modalityIn(tags)))].sort(),
    },
  ])
  return new Map(totals)
}

function modalityIn(tags: string): readonly string[] {
  const { DICOMSeriesModality: modality }: { readonly DICOMSeriesModality?: string | null } = JSON.parse(tags)
  return modality ? [modality] : []
}

export function* classesOfStudy({
  datastoreId,
  studyInstanceUID,
}: Parameters<SeriesSearches['classesOfStudy']>[0]): Sql<readonly string[]> {
  const rows = yield* all<{ sop_class_uid: string }>(
    `SELECT DISTINCT sop_class_uid FROM instances WHERE removed_in IS NULL AND row_id IN (
       SELECT row_id FROM image_sets WHERE datastore = ${DATASTORE} AND study_instance_uid = ? AND ${PRIMARY})
     ORDER BY sop_class_uid`,
    ...[datastoreId, studyInstanceUID],
  )
  return rows.map((row) => row.sop_class_uid)
}
