/** The studies of a page, in its order. */
import type { FoundStudy, StudyPosition } from '../../catalog/study-repository.ts'
import { allOfMany, type Sql } from '../engine/statement.ts'
import { imageSetIdOf } from '../rows/image-set-id.ts'
import type { RowOf } from '../rows/tables.ts'
import { isLatest, type Searching } from './searching.ts'
import { studyAt } from './study-order.ts'

const SHOWN = 'attributes, series, instances, updated_at'

type ShownRow = Pick<RowOf<'studies'>, 'study' | 'attributes' | 'series' | 'instances' | 'updated_at'>
type ImageSetRow = Pick<RowOf<'image_sets'>, 'row_id' | 'id_suffix' | 'version'> & { readonly study: number }

export function* foundStudies(
  page: readonly StudyPosition[],
  searching: Pick<Searching, 'snapshot' | 'latest'>,
): Sql<readonly FoundStudy[]> {
  const { snapshot } = searching
  const studies = page.map(studyAt)
  const rows = yield* allOfMany<ShownRow>(
    (marks) => `SELECT study, ${SHOWN} FROM studies WHERE changed_in <= ? AND study IN (${marks})`,
    [snapshot],
    studies,
  )
  const former = isLatest(searching)
    ? []
    : yield* allOfMany<ShownRow>(
        (marks) =>
          `SELECT study, ${SHOWN} FROM study_history WHERE until_change > ? AND from_change <= ? AND study IN (${marks})`,
        [snapshot, snapshot],
        studies,
      )
  // Of today: the image set of a former state may be deleted.
  const imageSets = yield* allOfMany<ImageSetRow>(
    (marks) =>
      `SELECT study, image_sets.row_id, id_suffix, version FROM studies JOIN image_sets ON image_sets.row_id = studies.row_id
       WHERE study IN (${marks})`,
    [],
    studies,
  )
  const rowOf = new Map([...rows, ...former].map((row) => [row.study, row]))
  const imageSetOf = new Map(imageSets.map((row) => [row.study, row]))
  return studies.map((study) => foundStudy(rowOf.get(study)!, imageSetOf.get(study)!))
}

const foundStudy = (row: ShownRow, imageSet: ImageSetRow): FoundStudy => ({
  attributes: JSON.parse(row.attributes),
  series: row.series,
  instances: row.instances,
  updatedAt: row.updated_at,
  imageSet: { imageSetId: imageSetIdOf(imageSet.row_id, imageSet.id_suffix), version: imageSet.version },
})
