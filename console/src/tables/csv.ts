/** Rows of a table as CSV (RFC 4180) that spreadsheets open: UTF-8 with a byte order mark, and no text that they would run as a formula. */
import type { TableProps } from '@cloudscape-design/components/table'
import type { ShownColumn } from './table-settings.ts'

export type TextColumn<Row> = TableProps.ColumnDefinition<Row> & {
  /** Its value in a CSV file. A column without it, such as a picture, is not in the file. */
  readonly textOf?: (row: Row) => string
}

export const CSV_ROWS_MAX = 10_000

const BYTE_ORDER_MARK = '\uFEFF'

type CsvColumn<Row> = Pick<TextColumn<Row>, 'id' | 'header' | 'textOf'>

/** Those that are shown, in their order. */
export function csvColumns<Row>(
  columns: readonly TextColumn<Row>[],
  shown: readonly ShownColumn[],
): readonly TextColumn<Row>[] {
  return shown
    .filter(({ visible }) => visible)
    .map(({ id }) => columns.find((column) => column.id === id))
    .filter((column): column is TextColumn<Row> => column?.textOf !== undefined)
}

export const csvHead = <Row>(columns: readonly CsvColumn<Row>[]): string =>
  BYTE_ORDER_MARK + line(columns.map(({ header }) => String(header)))

export const csvRows = <Row>(columns: readonly CsvColumn<Row>[], rows: readonly Row[]): string =>
  rows.map((row) => line(columns.map(({ textOf }) => textOf!(row)))).join('')

const line = (texts: readonly string[]): string => `${texts.map(field).join(',')}\r\n`

/** Spreadsheets run a text that begins with one of these as a formula. The apostrophe says that it is text. */
const FORMULA = /^\s*[=+\-@]|^[\t\r]/
const NUMBER = /^[+-]?\d+(\.\d+)?$/

function field(text: string): string {
  const safe = FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text
  return /[",\t\r\n]|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}
