/** Rows with the words: reads the rows of all image sets that have the words of a search, where they are few, and filters and sorts them. */
import type { Filter } from '../../../imaging/search/search.ts'
import { allOfMany, type Sql } from '../../sql/engine/statement.ts'
import { conditionOf } from '../../sql/rows/search-columns.ts'
import type { PageOfEntries } from '../kd-tree/best-first.ts'
import type { RowSet } from '../words/row-set.ts'
import { firstOfRows, POSTING_COLUMNS, type PostingRow } from './posting-list.ts'

/** @param filters those that rows are compared with; `page` has the others */
export function* readWordRows(
  rows: RowSet,
  page: PageOfEntries,
  { texts, isCounted }: { readonly texts: readonly Filter[]; readonly isCounted: boolean },
): Sql<ReturnType<typeof firstOfRows>> {
  const conditions = texts.map(conditionOf)
  const found = yield* allOfMany<PostingRow>(
    (marks) =>
      `SELECT ${POSTING_COLUMNS} FROM image_sets WHERE deleted_at IS NULL
       ${conditions.map(({ text }) => `AND ${text}`).join(' ')} AND row_id IN (${marks})`,
    conditions.flatMap(({ values }) => values),
    rows.rowIds(),
  )
  return firstOfRows(found, page, isCounted)
}
