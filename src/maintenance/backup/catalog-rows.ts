/** The rows of a catalog as compressed lines of JSON: one line for each batch of a table. */
import { pipeline, Readable } from 'node:stream'
import { createGunzip, createGzip } from 'node:zlib'
import type { CellValue, TableRows } from '../../stores/catalog/catalog-snapshot.ts'
import { lineOf, parseLines } from './backup-format.ts'

type Cell = string | number | null | { readonly base64: string }

interface Line {
  readonly table: string
  readonly columns: readonly string[]
  readonly rows: readonly (readonly Cell[])[]
}

/** @param count is told the rows of each batch */
export function compressRows(
  batches: AsyncIterable<TableRows>,
  count: (table: string, rows: number) => void,
): AsyncIterable<Uint8Array> {
  async function* lines() {
    for await (const { table, columns, rows } of batches) {
      count(table, rows.length)
      yield lineOf({ table, columns, rows: rows.map((row) => row.map(toCell)) } satisfies Line)
    }
  }
  // Errors of the rows end the compressed bytes with the same error.
  return pipeline(Readable.from(lines()), createGzip({ level: 1 }), () => {})
}

export async function* decompressRows(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<TableRows> {
  const lines = pipeline(Readable.from(bytes), createGunzip(), () => {})
  for await (const { table, columns, rows } of parseLines<Line>(lines)) {
    yield { table, columns, rows: rows.map((row) => row.map(toValue)) }
  }
}

const toCell = (value: CellValue): Cell =>
  value instanceof Uint8Array ? { base64: Buffer.from(value).toString('base64') } : value

const toValue = (cell: Cell): CellValue =>
  typeof cell === 'object' && cell !== null ? Buffer.from(cell.base64, 'base64') : cell
