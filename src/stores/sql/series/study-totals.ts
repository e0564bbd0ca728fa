/** What the series of a study have together: from the index of studies, and from the rows of its primary image sets. */
import type { SeriesSearches, StudyTotals } from '../../catalog/series-repository.ts'
import { all, allOfMany, type Sql } from '../engine/statement.ts'
import type { RowOf } from '../rows/tables.ts'
import { modalitiesIn } from '../studies/study-columns.ts'

const DATASTORE = '(SELECT datastore FROM datastores WHERE datastore_id = ?)'
/** The sum keeps SQLite from using an index that begins with is_primary. */
const PRIMARY = 'is_primary + 0 = 1 AND deleted_at IS NULL'

export function* totalsOfStudies({
  datastoreId,
  studyInstanceUIDs,
}: Parameters<SeriesSearches['totalsOfStudies']>[0]): Sql<ReadonlyMap<string, StudyTotals>> {
  const rows = yield* allOfMany<Pick<RowOf<'studies'>, 'study_instance_uid' | 'series' | 'instances' | 'modalities'>>(
    (marks) =>
      `SELECT study_instance_uid, series, instances, modalities FROM studies
       WHERE datastore = ${DATASTORE} AND study_instance_uid IN (${marks})`,
    [datastoreId],
    studyInstanceUIDs,
  )
  return new Map(
    rows.map(({ study_instance_uid: study, series, instances, modalities }) => [
      study,
      { series, instances, modalities: modalitiesIn(modalities) },
    ]),
  )
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
