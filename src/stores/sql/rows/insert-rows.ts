/** Many rows in few statements, from one object for each row with the columns as its members. */
import assert from 'node:assert/strict'
import { all, run, type Sql, type SqlValue } from '../engine/statement.ts'
import type { NewRowOf, RowOf, Tables } from './tables.ts'

/** Few sizes, so that few statements are prepared. The largest keeps a statement below SQLite's limit of 32,766 values. */
const ROWS_PER_STATEMENT = [128, 64, 32, 16, 4, 1]

type Values = Readonly<Record<string, SqlValue>>

/**
 * @param rows with the same columns each
 * @param options.onConflict `ON CONFLICT (...) DO ...`
 * @returns the columns `options.returning` of all rows
 */
export function* insertRows<Name extends keyof Tables, Column extends keyof RowOf<Name> & string = never>(
  table: Name,
  rows: readonly NewRowOf<Name>[],
  options: { readonly onConflict?: string; readonly returning?: readonly Column[] } = {},
): Sql<readonly Pick<RowOf<Name>, Column>[]> {
  if (rows.length === 0) return []
  const columns = Object.keys(rows[0]!)
  const tuple = tupleOf(columns.map(() => '?'))
  const { onConflict = '', returning = [] } = options
  const end = `${onConflict}${returning.length === 0 ? '' : ` RETURNING ${returning.join(', ')}`}`
  const returned: Pick<RowOf<Name>, Column>[] = []
  for (const some of inStatements(rows)) {
    const tuples = Array(some.length).fill(tuple).join(', ')
    const text = `INSERT INTO ${table} (${columns.join(', ')}) VALUES ${tuples} ${end}`
    returned.push(...(yield* all<Pick<RowOf<Name>, Column>>(text, ...valuesOf(some, columns))))
  }
  return returned
}

/**
 * Sets whole numbers in many rows.
 * @param key the column by which each row is found
 * @param rows with the same columns each, the key among them
 */
export function* updateRows<Name extends keyof Tables>(
  table: Name,
  key: keyof RowOf<Name> & string,
  rows: readonly Partial<RowOf<Name>>[],
): Sql<void> {
  if (rows.length === 0) return
  const columns = Object.keys(rows[0]!)
  const sets = columns.flatMap((column, at) => (column === key ? [] : [`${column} = updates.column${at + 1}`]))
  const tuple = tupleOf(columns.map(() => 'CAST(? AS BIGINT)'))
  const where = `${key} = updates.column${columns.indexOf(key) + 1}`
  for (const some of inStatements(rows)) {
    const tuples = Array(some.length).fill(tuple).join(', ')
    const text = `UPDATE ${table} SET ${sets.join(', ')} FROM (VALUES ${tuples}) AS updates WHERE ${where}`
    yield* run(text, ...valuesOf(some, columns))
  }
}

const tupleOf = (marks: readonly string[]): string => `(${marks.join(', ')})`

function* inStatements<Row>(rows: readonly Row[]): Generator<readonly Row[]> {
  for (let start = 0; start < rows.length; ) {
    const size = ROWS_PER_STATEMENT.find((count) => count <= rows.length - start)!
    yield rows.slice(start, start + size)
    start += size
  }
}

function valuesOf(rows: readonly object[], columns: readonly string[]): SqlValue[] {
  const values: SqlValue[] = []
  for (const row of rows as readonly Values[]) {
    assert(Object.keys(row).length === columns.length, 'all rows have the same columns')
    for (const column of columns) {
      const value = row[column]
      assert(value !== undefined, 'all rows have the same columns')
      values.push(value)
    }
  }
  return values
}
