/**
 * Fills an empty database with the rows of a snapshot, in one transaction of the caller: tables, rows, indexes, counters. Indexes are
 * created last, which is faster than to keep them while rows are inserted.
 */
import assert from 'node:assert/strict'
import type { CatalogContent, CellValue, TableRows } from '../../catalog/catalog-snapshot.ts'
import type { Dialect } from '../engine/differences.ts'
import { run, type Sql, type SqlValue } from '../engine/statement.ts'
import { schemaStatements } from '../schema/migrate.ts'
import { SNAPSHOT_TABLES } from './snapshot-tables.ts'

/** Below the limits of both engines. */
const VALUES_PER_STATEMENT = 16_000

const isIndex = (statement: string): boolean => /^(\s|--.*\n)*CREATE (UNIQUE )?INDEX/.test(statement)

/**
 * @param execute runs a part of the transaction
 * @param by.overriding on PostgreSQL, the words by which a row brings the value of its identity
 */
export async function fillCatalog(
  content: CatalogContent,
  execute: (sql: Sql<void>) => Promise<void>,
  { dialect, overriding }: { readonly dialect: Dialect; readonly overriding: string },
): Promise<void> {
  const statements = schemaStatements(dialect, content.schemaVersion)
  await execute(runAll(statements.filter((statement) => !isIndex(statement))))
  // The migrations insert the first rows of some tables.
  await execute(runAll(SNAPSHOT_TABLES.map(({ table }) => `DELETE FROM ${table}`)))
  for await (const batch of content.rows) await execute(insert(batch, overriding))
  await execute(runAll(statements.filter(isIndex)))
}

function* runAll(statements: readonly string[]): Sql<void> {
  for (const statement of statements) yield* run(statement)
}

function* insert({ table, columns, rows }: TableRows, overriding: string): Sql<void> {
  // Names become a part of the statement.
  assert(
    SNAPSHOT_TABLES.some((known) => known.table === table) && columns.every((column) => /^[a-z_0-9]+$/.test(column)),
    'a snapshot names tables and columns of the catalog',
  )
  const rowsAtOnce = Math.floor(VALUES_PER_STATEMENT / columns.length)
  const tuple = `(${columns.map(() => '?').join(', ')})`
  for (let start = 0; start < rows.length; start += rowsAtOnce) {
    const some = rows.slice(start, start + rowsAtOnce)
    const tuples = Array(some.length).fill(tuple).join(', ')
    yield* run(
      `INSERT INTO ${table} (${columns.join(', ')}) ${overriding} VALUES ${tuples}`,
      ...some.flat().map((value: CellValue): SqlValue => value),
    )
  }
}
