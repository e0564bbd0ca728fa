/**
 * Posting list: reads all image sets that have a low-frequency text from the covering index of the text, then filters and sorts them in
 * memory. UIDs have no covering index: their rows are read, which are few.
 */
import type { Dialect } from '../../sql/engine/differences.ts'
import { all, type Sql } from '../../sql/engine/statement.ts'
import { imageSetsWith, type Text } from '../../sql/rows/search-columns.ts'
import { beginBestFirst, type Hits, type PageOfEntries, visit } from '../kd-tree/best-first.ts'
import { countMatching } from '../kd-tree/count.ts'
import { criteriaOf } from '../kd-tree/criteria.ts'
import { type Entries, LACKING } from '../kd-tree/entries.ts'

export interface PostingRow {
  readonly row_id: number
  readonly created_at: number
  readonly updated_at: number
  readonly study_timestamp: number | null
  readonly is_primary: number
  readonly changed_in: number
}

export const POSTING_COLUMNS = 'row_id, created_at, updated_at, study_timestamp, is_primary, changed_in'

interface RowsOfPage {
  readonly rowIds: readonly number[]
  readonly entries: number
  readonly total: number | undefined
}

/**
 * @param texts the first is the one whose posting list is read; rows are compared with the others.
 * @param from.hits the image sets that have the words of the search, if it has any
 */
export function* readPostingList(
  texts: readonly Text[],
  page: PageOfEntries,
  {
    isCounted,
    hits,
    ...from
  }: {
    readonly datastore: number
    readonly dialect: Dialect
    readonly isCounted: boolean
    readonly hits: Hits | undefined
  },
): Sql<RowsOfPage> {
  const { text, values } = imageSetsWith(texts, from)
  const rows = yield* all<PostingRow>(`SELECT ${POSTING_COLUMNS} ${text}`, ...values)
  const matching = hits === undefined ? rows : rows.filter(({ row_id }) => hits.has(row_id))
  return { ...firstOfRows(matching, page, isCounted), entries: rows.length }
}

/** The page and the total among rows that have all texts of the search. */
export function firstOfRows(rows: readonly PostingRow[], page: PageOfEntries, isCounted: boolean): RowsOfPage {
  const entries = entriesOfRows(rows)
  const search = beginBestFirst([], page)
  visit(search, entries)
  const total = isCounted ? countMatching(entries, criteriaOf(page.search.filters)) : undefined
  return { rowIds: search.rowIds, entries: entries.count, total }
}

const entriesOfRows = (rows: readonly PostingRow[]): Entries => ({
  count: rows.length,
  // In the order of DIMENSIONS.
  columns: [
    Float64Array.from(rows, (row) => row.created_at),
    Float64Array.from(rows, (row) => row.updated_at),
    Float64Array.from(rows, (row) => row.study_timestamp ?? LACKING),
    Float64Array.from(rows, (row) => row.row_id),
  ],
  changedIn: Float64Array.from(rows, (row) => row.changed_in),
  isPrimary: Uint16Array.from(rows, (row) => row.is_primary),
})
