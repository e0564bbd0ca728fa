/** The menu item that downloads a table as CSV, and the task behind it. */
import { CSV_ROWS_MAX, csvColumns, type TextColumn } from '../tables/csv.ts'
import type { TableSettingsState } from '../tables/table-settings.ts'
import type { Pages } from './selection.ts'
import { startTask } from './tasks.ts'

interface CsvTable<Row> {
  readonly name: string
  readonly columns: readonly TextColumn<Row>[]
  readonly state: TableSettingsState
  readonly total: number | undefined
}

export function useCsvDownload<Row>(datastoreId: string, { name, columns, state, total }: CsvTable<Row>) {
  const rows = Math.min(total ?? 0, CSV_ROWS_MAX)
  const most = CSV_ROWS_MAX.toLocaleString()
  return {
    item: {
      id: 'csv',
      text: (total ?? 0) > CSV_ROWS_MAX ? `Download the first ${most} rows as CSV` : 'Download as CSV',
      ...(rows === 0 && { disabled: true, disabledReason: 'The table has no rows.' }),
    },
    start(read: (signal: AbortSignal) => Pages<Row>): void {
      const shown = csvColumns(columns, state.settings.columns)
      startTask({ kind: 'csv', datastoreId, total: rows }, async (running) => {
        const { downloadCsv } = await import('./download-csv.ts')
        await downloadCsv(shown, { name, pages: read(running.signal) }, running)
      })
    },
  }
}
