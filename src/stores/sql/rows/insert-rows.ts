/** Many rows in one statement, from one object for each row with the columns as its members. */
import assert from 'node:assert/strict'
import { ManyRows } from '../engine/many-rows.ts'
import type { Sql, SqlValue } from '../engine/statement.ts'
import type { NewRowOf, RowOf, Tables } from './tables.ts'

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
  const { onConflict = '', returning = [] } = options
  const into = `INSERT INTO ${table} (${columns.join(', ')})`
  const end = `${onConflict}${returning.length === 0 ? '' : ` RETURNING ${returning.join(', ')}`}`
  const source = {
    ...{ table, columns, isInsert: true, tuple: tupleOf(columns.map(() => '?')) },
    withTuples: (tuples: string) => `${into} VALUES ${tuples} ${end}`,
    // The condition separates ON CONFLICT from ON of a join.
    withRows: (those: string) => `${into} SELECT ${columns.join(', ')} FROM ${those} WHERE true ${end}`,
  }
  return (yield new ManyRows(source, valuesOf(rows, columns))) as readonly Pick<RowOf<Name>, Column>[]
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
  const inTuples = (column: string) => `updates.column${columns.indexOf(column) + 1}`
  const setTo = (value: (column: string) => string) =>
    columns.flatMap((column) => (column === key ? [] : [`${column} = ${value(column)}`])).join(', ')
  const inRows = (column: string) => `updates.${column}`
  const source = {
    ...{ table, columns, isInsert: false, tuple: tupleOf(columns.map(() => 'CAST(? AS BIGINT)')) },
    withTuples: (tuples: string) =>
      `UPDATE ${table} SET ${setTo(inTuples)} FROM (VALUES ${tuples}) AS updates WHERE ${table}.${key} = ${inTuples(key)}`,
    withRows: (those: string) =>
      `UPDATE ${table} SET ${setTo(inRows)} FROM ${those} AS updates WHERE ${table}.${key} = ${inRows(key)}`,
  }
  yield new ManyRows(source, valuesOf(rows, columns))
}

const tupleOf = (marks: readonly string[]): string => `(${marks.join(', ')})`

function valuesOf(rows: readonly object[], columns: readonly string[]): SqlValue[][] {
  return (rows as readonly Values[]).map((row) => {
    assert(Object.keys(row).length === columns.length, 'all rows have the same columns')
    return columns.map((column) => {
      const value = row[column]
      assert(value !== undefined, 'all rows have the same columns')
      return value
    })
  })
}
