/**
 * A statement over many rows: as tuples of values, in several statements of few sizes; or on PostgreSQL as one value, the JSON text of all rows,
 * so that it is parsed and planned once whatever their number.
 */
import type { Row, SqlValue, Statement } from './statement.ts'

/** The largest keeps a statement below SQLite's limit of 32,766 values. */
const ROWS_PER_STATEMENT = [128, 64, 32, 16, 4, 1]

interface Source {
  /** The text of a table expression `source` in it, whose columns are those of `columns`. */
  readonly table: string
  readonly columns: readonly string[]
  readonly isInsert: boolean
  /** The statement with tuples of marks, and with a SELECT of the rows. */
  readonly withTuples: (tuples: string) => string
  readonly tuple: string
  readonly withRows: (rows: string) => string
}

export class ManyRows implements Statement {
  readonly #source: Source
  readonly #rows: readonly (readonly SqlValue[])[]

  /** @param rows with a value for each column */
  constructor(source: Source, rows: readonly (readonly SqlValue[])[]) {
    this.#source = source
    this.#rows = rows
  }

  get text(): string {
    return this.#textFor(this.#rows.length)
  }

  get values(): readonly SqlValue[] {
    return this.#rows.flat()
  }

  #textFor(rows: number): string {
    const { withTuples, tuple } = this.#source
    return withTuples(Array(rows).fill(tuple).join(', '))
  }

  /** Statements of few sizes, so that few are prepared. */
  parts(): readonly Statement[] {
    const parts: Statement[] = []
    for (let start = 0; start < this.#rows.length; ) {
      const size = ROWS_PER_STATEMENT.find((count) => count <= this.#rows.length - start)!
      parts.push({ text: this.#textFor(size), values: this.#rows.slice(start, start + size).flat() })
      start += size
    }
    return parts
  }

  /**
   * For PostgreSQL; undefined where a value is bytes.
   * @param insertsTuples undefined of an INSERT too
   * @param toText of a text, as the database keeps it
   */
  inJson(toText: (text: string) => string, insertsTuples: boolean): Statement | undefined {
    const { table, columns, isInsert, withRows } = this.#source
    if (isInsert && insertsTuples) return undefined
    const objects: Row[] = []
    for (const row of this.#rows) {
      const object: Record<string, SqlValue> = {}
      for (const [at, column] of columns.entries()) {
        const value = row[at]!
        if (value instanceof Uint8Array) return undefined
        object[column] = typeof value === 'string' ? toText(value) : value
      }
      objects.push(object)
    }
    const text = withRows(`json_populate_recordset(NULL::${table}, ?)`)
    return { text, values: [JSON.stringify(objects)] }
  }
}
