/** Reads all pages of a table and saves them as a CSV file. */
import { CSV_ROWS_MAX, csvHead, csvRows, type TextColumn } from '../tables/csv.ts'
import { NO_PROGRESS } from './run-each.ts'
import type { Pages } from './selection.ts'
import type { RunningTask } from './tasks.ts'

/** @param name of the file, without a patient */
export async function downloadCsv<Row>(
  columns: readonly TextColumn<Row>[],
  { name, pages }: { readonly name: string; readonly pages: Pages<Row> },
  { report }: Pick<RunningTask, 'report'>,
): Promise<void> {
  const parts = [csvHead(columns)]
  let count = 0
  for await (const rows of pages) {
    const some = rows.slice(0, CSV_ROWS_MAX - count)
    parts.push(csvRows(columns, some))
    count += some.length
    report({ ...NO_PROGRESS, done: count })
    if (count === CSV_ROWS_MAX) break
  }
  const link = document.createElement('a')
  link.href = URL.createObjectURL(new Blob(parts, { type: 'text/csv;charset=utf-8' }))
  link.download = name
  link.click()
  URL.revokeObjectURL(link.href)
}
