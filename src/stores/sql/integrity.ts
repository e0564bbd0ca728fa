/** The database's own check of its files: SQLite's PRAGMA integrity_check, and amcheck of PostgreSQL where it is installed. */
import type { IntegrityStep } from '../catalog/integrity.ts'
import { StoreUnavailable } from '../store-unavailable.ts'
import { all, one, type Transactions } from './engine/statement.ts'

interface IntegrityOptions {
  /** Takes no longer than reading the file: does not check that each row is in every index of its table. */
  readonly isQuick: boolean
}

/** SQLite stops after this many. */
const FAULTS_MAX = 1_000

/** One statement, which reads the whole file. Its result names tables, indexes, pages and rows, and contains no values. */
export async function* sqliteIntegrity(
  database: Transactions,
  { isQuick }: IntegrityOptions,
): AsyncGenerator<IntegrityStep> {
  const pragma = `PRAGMA ${isQuick ? 'quick_check' : 'integrity_check'}(${FAULTS_MAX})`
  let lines: readonly string[]
  let objects = 0
  try {
    objects = (await database.read(() => one<{ objects: number }>('SELECT count(*) AS objects FROM sqlite_schema')))!
      .objects
    const rows = await database.read(() => all<Readonly<Record<string, string>>>(pragma))
    lines = rows.map((row) => Object.values(row)[0]!)
  } catch (error) {
    if (!isCorrupt(error)) throw error
    lines = [`SQLite cannot read its file: ${error.code}`]
  }
  const faults = lines.filter((line) => line !== 'ok').flatMap((line) => line.split('\n'))
  yield { done: objects, total: objects, faults }
}

const isCorrupt = (error: unknown): error is StoreUnavailable =>
  error instanceof StoreUnavailable && error.reason === 'corrupt'

interface IndexRow {
  readonly name: string
  readonly oid: number
}

/** It is not installed here: verification does not change the database. */
const NOT_INSTALLED =
  'the extension amcheck is not installed in the database; run CREATE EXTENSION amcheck as a superuser and verify again'

/** Each index in a transaction of its own, so that a damaged one does not end the others. */
export async function* postgresIntegrity(
  database: Transactions,
  { isQuick }: IntegrityOptions,
): AsyncGenerator<IntegrityStep> {
  const installed = await database.read(() =>
    one<{ schema: string }>(
      `SELECT quote_ident(nspname) AS schema FROM pg_extension JOIN pg_namespace ON pg_namespace.oid = extnamespace WHERE extname = 'amcheck'`,
    ),
  )
  if (installed === undefined) {
    yield { done: 0, total: 0, faults: [], notChecked: NOT_INSTALLED }
    return
  }
  const indexes = await database.read(() =>
    all<IndexRow>(
      `SELECT relname AS name, CAST(pg_class.oid AS BIGINT) AS oid FROM pg_class JOIN pg_index ON indexrelid = pg_class.oid
       JOIN pg_am ON pg_am.oid = relam WHERE amname = 'btree' AND indisvalid AND relpersistence = 'p'
       AND relnamespace = CAST(current_schema() AS regnamespace) ORDER BY relname`,
    ),
  )
  const total = indexes.length
  for (const [at, { name, oid }] of indexes.entries()) {
    try {
      await database.read(() =>
        all(
          `SELECT ${installed.schema}.bt_index_check(CAST(CAST(? AS BIGINT) AS regclass), heapallindexed => ${String(!isQuick)})`,
          oid,
        ),
      )
      yield { done: at + 1, total, faults: [] }
    } catch (error) {
      if (error instanceof StoreUnavailable && error.reason === 'access') {
        const notChecked =
          'this user may not run amcheck; GRANT EXECUTE ON FUNCTION bt_index_check, or verify as its owner'
        yield { done: at, total: at, faults: [], notChecked }
        return
      }
      if (!isCorrupt(error)) throw error
      yield { done: at + 1, total, faults: [`index ${name}: PostgreSQL calls it damaged (${error.code})`] }
    }
  }
  yield { done: total, total, faults: [] }
}
