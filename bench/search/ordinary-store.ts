/**
 * The baseline: the same image sets in a plain table with ordinary indexes, queried with WHERE, ORDER BY and LIMIT by the database's own planner
 * with fresh statistics. Hilum's searches are compared with it in time and result.
 */
import type { Filter, Search } from '../../src/imaging/search/search.ts'
import type { Statement } from '../../src/stores/sql/engine/statement.ts'
import { COLUMN_OF } from '../../src/stores/sql/rows/search-columns.ts'
import { type BenchQuery, PAGE_ROWS } from './batteries.ts'
import type { BenchImageSet } from './data-set.ts'

export interface OrdinaryStore {
  /** The row id of each row of the page; tags are read too. Undefined after the database's timeout. */
  search(query: BenchQuery): Promise<readonly number[] | undefined>
  /** How many rows match; undefined after the database's timeout. */
  count(search: Search): Promise<number | undefined>
  /** By words, where the database has an index of words: SQLite's FTS5. Undefined after the time limit. */
  readonly words?: {
    search(query: BenchQuery): readonly number[] | undefined
    count(search: Search): number | undefined
  }
  close(): Promise<void>
}

/** @param types the engine's types of numbers and texts. */
export const ordinaryTable = (types: {
  readonly number: string
  readonly text: string
}): string => `CREATE TABLE image_sets (
  row_id ${types.number} PRIMARY KEY, datastore ${types.number} NOT NULL, is_primary ${types.number} NOT NULL,
  created_at ${types.number} NOT NULL, updated_at ${types.number} NOT NULL, study_timestamp ${types.number},
  patient_id ${types.text}, accession_number ${types.text}, study_id ${types.text},
  study_instance_uid ${types.text}, series_instance_uid ${types.text}, tags ${types.text} NOT NULL)`

const DATES = ['created_at', 'updated_at', 'study_timestamp']
const TEXTS = ['patient_id', 'accession_number', 'study_id', 'study_instance_uid', 'series_instance_uid']
export const ORDINARY_INDEXES = [
  ...DATES.map((column) => `CREATE INDEX by_${column} ON image_sets (datastore, ${column})`),
  ...TEXTS.map((column) => `CREATE INDEX by_${column} ON image_sets (datastore, ${column}, updated_at)`),
]

/** In the order of the columns. */
export function ordinaryRow(imageSet: BenchImageSet): readonly (string | number | null)[] {
  const { rowId, isPrimary, createdAt, updatedAt, studyTimestamp, grouping, tags } = imageSet
  const { PatientID, AccessionNumber, StudyID, StudyInstanceUID, SeriesInstanceUID } = grouping
  const texts = [PatientID, AccessionNumber, StudyID, StudyInstanceUID, SeriesInstanceUID]
  return [rowId, 1, isPrimary ? 1 : 0, createdAt, updatedAt, studyTimestamp, ...texts, tags]
}

/** What is read beside the ordinary table. */
interface Joined {
  readonly from: string
  /** The first conditions, and their values. */
  readonly conditions: readonly string[]
  readonly values: readonly string[]
}

export function ordinarySearch({ search, after }: BenchQuery, joined?: Joined): Statement {
  const { sortField, sortOrder } = search.sort
  const key = COLUMN_OF[sortField]
  const conditions = conditionsOf(search, joined)
  const values = [...(joined?.values ?? []), ...search.filters.flatMap(valuesOf)]
  if (after !== undefined) {
    conditions.push(`(${key} ${sortOrder === 'ASC' ? '>' : '<'} ? OR (${key} = ? AND row_id > ?))`)
    values.push(after.key!, after.key!, after.rowId)
  }
  const text = `SELECT row_id, is_primary, created_at, updated_at, tags FROM ${joined?.from ?? 'image_sets'}
    WHERE ${conditions.join(' AND ')} ORDER BY ${key} ${sortOrder}, row_id LIMIT ${PAGE_ROWS}`
  return { text, values }
}

export const ordinaryCount = (search: Search, joined?: Joined): Statement => ({
  text: `SELECT count(*) AS count FROM ${joined?.from ?? 'image_sets'} WHERE ${conditionsOf(search, joined).join(' AND ')}`,
  values: [...(joined?.values ?? []), ...search.filters.flatMap(valuesOf)],
})

const conditionsOf = (search: Search, joined: Joined | undefined) => [
  ...(joined?.conditions ?? []),
  'datastore = 1',
  ...search.filters.map(conditionOf),
]

const conditionOf = (filter: Filter): string => {
  const column = COLUMN_OF[filter.attribute]
  return 'equals' in filter ? `${column} = ?` : `${column} BETWEEN ? AND ?`
}

const valuesOf = (filter: Filter): (string | number)[] => {
  if (!('equals' in filter)) return [filter.from, filter.to]
  return [typeof filter.equals === 'boolean' ? Number(filter.equals) : filter.equals]
}
