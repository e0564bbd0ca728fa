/**
 * Numbers changes to the image sets of a data store in the order of their commits. A change writes its number into the rows that it changes; superseded versions go
 * to image_set_history with the two numbers between which they were current. So a search reads the snapshot of its first page on later
 * pages, without a transaction that stays open.
 */
import { all, one, run, type Sql } from '../engine/statement.ts'
import { SEARCH_COLUMNS } from '../rows/search-columns.ts'

/** How long a search can read its snapshot; later it reads the oldest that is kept. */
const ROW_HISTORY_MS = 24 * 3_600_000
const HISTORY_ROWS_PER_BATCH = 16

const INDEX_FORMAT = 'search index format'
/** Read with the row of `changes`, which saves a statement. */
export const INDEX_FORMAT_COLUMN = `(SELECT value FROM settings WHERE name = '${INDEX_FORMAT}') AS index_format`

export function* recordIndexFormat(format: string): Sql<void> {
  yield* run(
    'INSERT INTO settings (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value',
    ...[INDEX_FORMAT, format],
  )
}

interface BegunChange {
  readonly number: number
  readonly previousWriteToken: string
  /** The last row of a rebuild of the search index, while there is one. */
  readonly rebuiltTo: number | undefined
  /** Null in a new catalog. */
  readonly indexFormat: string | null
  /** How often attributes were declared searchable, or removed. */
  readonly declarations: number
}

/**
 * Begins a change of the data store in this transaction. Writers of the data store wait for each other here, so that numbers are in the order
 * of commits, and its image sets read afterwards do not change until the commit.
 * @param writeToken unique: a number is given again after a rollback, a token is not.
 */
export function* nextChange(datastore: number, writeToken: string): Sql<BegunChange> {
  const row = yield* one<{
    number: number
    former_write_token: string
    rebuilt_to: number | null
    index_format: string | null
    declarations: number
  }>(
    `UPDATE changes SET number = number + 1, former_write_token = write_token, write_token = ? WHERE datastore = ?
     RETURNING number, former_write_token, rebuilt_to, declarations, ${INDEX_FORMAT_COLUMN}`,
    ...[writeToken, datastore],
  )
  return {
    number: row!.number,
    previousWriteToken: row!.former_write_token,
    rebuiltTo: row!.rebuilt_to ?? undefined,
    indexFormat: row!.index_format,
    declarations: row!.declarations,
  }
}

/** Waits until no other change of the data store is under way, without beginning one. */
export function* lockChanges(datastore: number): Sql<void> {
  yield* run('UPDATE changes SET number = number WHERE datastore = ?', datastore)
}

/** The format of the search index; null in a new catalog. */
export function* indexFormat(): Sql<string | null> {
  return (yield* one<{ index_format: string | null }>(`SELECT ${INDEX_FORMAT_COLUMN}`))!.index_format
}

const HISTORY_COLUMNS = `row_id, id_suffix, datastore, version, last_accessed_at, tags, unlisted_texts, ${SEARCH_COLUMNS}`

/** Keeps the row for searches whose snapshot is older than the change. */
export function* keepRowHistory(rowId: number, change: { readonly number: number; readonly at: number }): Sql<void> {
  yield* run(
    `INSERT INTO image_set_history (from_change, until_change, superseded_at, ${HISTORY_COLUMNS})
     SELECT changed_in, CAST(? AS BIGINT), CAST(? AS BIGINT), ${HISTORY_COLUMNS} FROM image_sets WHERE row_id = ?`,
    change.number,
    change.at,
    rowId,
  )
}

/** Deletes some of the oldest rows of the data store past retention: more than the change added. */
export function* purgeRowHistory(
  { datastore, at, added }: { readonly datastore: number; readonly at: number; readonly added: number },
  table: 'image_set_history' | 'study_history' = 'image_set_history',
): Sql<void> {
  const oldest = yield* all<{ until_change: number; superseded_at: number }>(
    `SELECT until_change, superseded_at FROM ${table} WHERE datastore = ? ORDER BY until_change LIMIT ?`,
    ...[datastore, HISTORY_ROWS_PER_BATCH + 2 * added],
  )
  const kept = oldest.findIndex((row) => row.superseded_at >= at - ROW_HISTORY_MS)
  const last = kept === -1 ? oldest.at(-1) : oldest[kept - 1]
  if (last === undefined) return
  const { until_change: to } = last
  yield* run(`DELETE FROM ${table} WHERE datastore = ? AND until_change <= ?`, ...[datastore, to])
  yield* run(
    'UPDATE changes SET history_purged_to = ? WHERE datastore = ? AND history_purged_to < ?',
    ...[to, datastore, to],
  )
}
