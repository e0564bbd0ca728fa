/**
 * The seven grouping elements as columns of image_sets. Searches compare five of them. When a file is recorded, it is checked that grouping
 * and search have the same texts.
 */
import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { TEXT_SEARCH_ATTRIBUTES, type TextAttribute } from '../../../contract/search-attributes.ts'
import { type GroupingElements, groupingKey, type StandingImageSet } from '../../../imaging/grouping.ts'
import type { StoredFile } from '../../catalog/import-job-repository.ts'
import { allOfMany, type Sql, type SqlValue } from '../engine/statement.ts'
import { COLUMN_OF, type SearchRow } from './search-columns.ts'
import type { RowOf } from './tables.ts'

/** In the order in which imaging/grouping.ts writes its keys. */
const ELEMENTS = [
  ['StudyInstanceUID', 'study_instance_uid'],
  ['StudyDate', 'study_date'],
  ['AccessionNumber', 'accession_number'],
  ['PatientID', 'patient_id'],
  ['StudyID', 'study_id'],
  ['SeriesInstanceUID', 'series_instance_uid'],
  ['SeriesNumber', 'series_number'],
] as const satisfies readonly (readonly [keyof GroupingElements, string])[]

export type ElementRow = Pick<RowOf<'image_sets'>, 'row_id' | (typeof ELEMENTS)[number][1]>

export const elementsOfRow = (row: ElementRow): StandingImageSet => ({
  rowId: row.row_id,
  elements: Object.fromEntries(ELEMENTS.map(([name, column]) => [name, row[column]])) as unknown as GroupingElements,
})

export const ELEMENT_COLUMNS: readonly string[] = ELEMENTS.map(([, column]) => column)

/** In the order of ELEMENT_COLUMNS. */
export const elementValues = (elements: GroupingElements): readonly SqlValue[] =>
  ELEMENTS.map(([name]) => elements[name])

export const elementColumns = (elements: GroupingElements) =>
  Object.fromEntries(ELEMENTS.map(([name, column]) => [column, elements[name]])) as unknown as Pick<
    RowOf<'image_sets'>,
    (typeof ELEMENTS)[number][1]
  >

/** Of fixed length, and different for different keys. */
export const digestOfKey = (key: string): string => createHash('sha256').update(key).digest('hex')

/** The inverse of groupingKey. */
export function elementsOfKey(key: string): GroupingElements {
  const values: unknown[] = JSON.parse(key)
  const elements = Object.fromEntries(
    ELEMENTS.map(([name], index) => [name, values[index]]),
  ) as unknown as GroupingElements
  assert.equal(groupingKey(elements), key, 'a grouping key reads back as it was written')
  return elements
}

/** The primary image sets of the studies, by StudyInstanceUID, oldest first. */
export function* primariesOfStudies(
  datastore: number,
  studyInstanceUIDs: readonly string[],
): Sql<Map<string, StandingImageSet[]>> {
  // The sum keeps SQLite from using an index that begins with is_primary, where nearly all image sets have one value.
  const rows = yield* allOfMany<ElementRow>(
    (marks) =>
      `SELECT row_id, ${ELEMENT_COLUMNS.join(', ')} FROM image_sets
       WHERE datastore = ? AND study_instance_uid IN (${marks}) AND is_primary + 0 = 1 AND deleted_at IS NULL`,
    [datastore],
    studyInstanceUIDs,
  )
  const standing = rows.map(elementsOfRow).sort((a, b) => a.rowId - b.rowId)
  return Map.groupBy(standing, ({ elements }) => elements.StudyInstanceUID)
}

/** An empty text is absent, in searches and in grouping. */
export function assertFoundAsGrouped({ grouping, search }: StoredFile): void {
  const agree = TEXT_SEARCH_ATTRIBUTES.every(({ name, keyword }) => grouping[keyword] === (search[name] || null))
  assert(agree, 'an instance is grouped by the texts that searches compare')
}

/** The columns of the texts that searches compare. */
export const searchedTextColumns = (elements: GroupingElements) =>
  Object.fromEntries(
    TEXT_SEARCH_ATTRIBUTES.map(({ name, keyword }) => [COLUMN_OF[name], elements[keyword]]),
  ) as unknown as Pick<SearchRow, (typeof COLUMN_OF)[TextAttribute]>
