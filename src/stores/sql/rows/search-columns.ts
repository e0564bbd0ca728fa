/** The columns of image_sets that searches compare, their indexes, and the SQL conditions of a search. */
import {
  SEARCH_ATTRIBUTES,
  type SearchAttribute,
  type SortField,
  TEXT_ATTRIBUTES,
  type TextAttribute,
} from '../../../contract/search-attributes.ts'
import type { Filter } from '../../../imaging/search/search.ts'
import type { Dialect } from '../engine/differences.ts'
import type { SqlValue } from '../engine/statement.ts'

export const COLUMN_OF = {
  DICOMPatientId: 'patient_id',
  DICOMAccessionNumber: 'accession_number',
  DICOMStudyId: 'study_id',
  DICOMStudyInstanceUID: 'study_instance_uid',
  DICOMSeriesInstanceUID: 'series_instance_uid',
  createdAt: 'created_at',
  updatedAt: 'updated_at',
  DICOMStudyDateAndTime: 'study_timestamp',
  isPrimary: 'is_primary',
} as const satisfies Record<SearchAttribute['name'], string>

/** The most selective attribute first: of two texts the first in this order usually has fewer image sets. */
export const TEXT_INDEX_OF: Readonly<Record<TextAttribute, string>> = {
  DICOMSeriesInstanceUID: 'image_sets_series',
  DICOMStudyInstanceUID: 'image_sets_study',
  DICOMAccessionNumber: 'image_sets_accession',
  DICOMPatientId: 'image_sets_patient',
  DICOMStudyId: 'image_sets_study_id',
}
export const TEXT_INDEXES = Object.entries(TEXT_INDEX_OF) as readonly (readonly [TextAttribute, string])[]

/** Each begins with is_primary: primary image sets and the others are two ranges of one index. */
export const DATE_INDEXES: Readonly<Record<SortField, string>> = {
  updatedAt: 'image_sets_updated',
  createdAt: 'image_sets_created',
  DICOMStudyDateAndTime: 'image_sets_study_timestamp',
}

/** A row with the columns that searches compare. */
export type SearchRow = { readonly [A in TextAttribute as (typeof COLUMN_OF)[A]]: string | null } & {
  readonly is_primary: number
  readonly created_at: number
  readonly updated_at: number
  readonly study_timestamp: number | null
}
export const SEARCH_COLUMNS: string = SEARCH_ATTRIBUTES.map(({ name }) => COLUMN_OF[name]).join(', ')

export type Texts = { readonly [A in TextAttribute]: string | null }

/** The texts of a row by attribute. A loop, since it runs for every row that is read. */
export function textsOfRow(row: SearchRow): Texts {
  const texts = {} as Record<TextAttribute, string | null>
  for (const attribute of TEXT_ATTRIBUTES) texts[attribute] = row[COLUMN_OF[attribute]]
  return texts
}

export interface Condition {
  readonly text: string
  readonly values: readonly SqlValue[]
}

export function conditionOf(filter: Filter): Condition {
  const column = COLUMN_OF[filter.attribute]
  if (!('equals' in filter)) return { text: `${column} >= ? AND ${column} <= ?`, values: [filter.from, filter.to] }
  return { text: `${column} = ?`, values: [filter.attribute === 'isPrimary' ? Number(filter.equals) : filter.equals] }
}

/** A text that was searched for, or that image sets have. */
export interface Text {
  readonly attribute: TextAttribute
  readonly equals: string
}

/** The rest of a SELECT from FROM on: the image sets of a data store that have all texts, read by the index of the first one. */
export function imageSetsWith(
  texts: readonly Text[],
  { datastore, dialect }: { readonly datastore: number; readonly dialect: Pick<Dialect, 'byIndex'> },
): Condition {
  const [first] = texts
  const table = first === undefined ? 'image_sets' : `image_sets ${dialect.byIndex(TEXT_INDEX_OF[first.attribute])}`
  const conditions = texts.map(conditionOf)
  return {
    text: `FROM ${table} WHERE ${['datastore = ?', ...conditions.map(({ text }) => text)].join(' AND ')} AND deleted_at IS NULL`,
    values: [datastore, ...conditions.flatMap(({ values }) => values)],
  }
}

const selectivityOf = ({ attribute }: Text) => TEXT_INDEXES.findIndex(([indexed]) => indexed === attribute)

export const mostSelectiveFirst = <T extends Text>(texts: readonly T[]): readonly T[] =>
  texts.toSorted((a, b) => selectivityOf(a) - selectivityOf(b))
