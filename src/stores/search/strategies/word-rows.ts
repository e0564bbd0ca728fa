/** Rows of postings: reads the rows of all image sets that have the words and texts of a search, where they are few, and sorts them in memory. */
import { allOfMany, type Sql } from '../../sql/engine/statement.ts'
import type { PageOfEntries } from '../kd-tree/best-first.ts'
import type { RowSet } from '../words/row-set.ts'
import { firstOfRows, POSTING_COLUMNS, type PostingRow } from './posting-list.ts'

export function* readWordRows(
  rows: RowSet,
  page: PageOfEntries,
  { isCounted }: { readonly isCounted: boolean },
): Sql<ReturnType<typeof firstOfRows>> {
  const found = yield* allOfMany<PostingRow>(
    (marks) => `SELECT ${POSTING_COLUMNS} FROM image_sets WHERE deleted_at IS NULL AND row_id IN (${marks})`,
    [],
    rows.rowIds(),
  )
  return firstOfRows(found, page, isCounted)
}
