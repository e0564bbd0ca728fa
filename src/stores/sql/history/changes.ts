/**
 * The order in which changes to image sets were committed. Each takes the next number of one counter and writes it into the rows
 * it leaves; what it supersedes goes to image_set_history with the numbers between which it held. So a search can go on in the state
 * in which it began, without a transaction that stays open from page to page.
 */
import { all, one, run, type Sql } from '../engine/statement.ts'
import { SEARCH_COLUMNS } from '../rows/search-columns.ts'

/** How long a search may go on in the state in which it began; afterwards it goes on in the oldest state still kept. */
const ROW_HISTORY_MS = 24 * 3_600_000
const HISTORY_ROWS_PER_BATCH = 16

/**
 * The number of this transaction's change. Other writers wait here for each other, so numbers come in order of commit, and what is
 * read of image sets behind it stays as it is until the commit.
 * @param stamp never the same twice: a number is given again when the transaction is undone, a stamp is not.
 * @returns the stamp of the change before too, and how far the search index is being built anew, where it is.
 */
export function* nextChange(
  writeToken: string,
): Sql<{ readonly number: number; readonly previousWriteToken: string; readonly rebuiltTo: number | undefined }> {
  const row = yield* one<{ number: number; written_by: string; rebuilt_to: number | null }>(
    'UPDATE changes SET number = number + 1 RETURNING number, written_by, rebuilt_to',
  )
  yield* run('UPDATE changes SET written_by = ?', writeToken)
  return { number: row!.number, previousWriteToken: row!.written_by, rebuiltTo: row!.rebuilt_to ?? undefined }
}

/** Waits until no other change is under way, for a verb that may not have one to make. */
export function* lockChanges(): Sql<void> {
  yield* run('UPDATE changes SET number = number')
}

/** What a search sees that begins now (`latest`), and before which state nothing is kept any more. */
export function* knownChanges(): Sql<{ readonly latest: number; readonly oldest: number }> {
  const row = yield* one<{ number: number; history_purged_to: number }>('SELECT number, history_purged_to FROM changes')
  return { latest: row!.number, oldest: row!.history_purged_to }
}

const HISTORY_COLUMNS = `seq, id_suffix, datastore, version, last_accessed_at, tags, ${SEARCH_COLUMNS}`

/** Keeps what searches that began before the change must still see. */
export function* keepRowHistory(seq: number, change: { readonly number: number; readonly at: number }): Sql<void> {
  yield* run(
    `INSERT INTO image_set_history (from_change, until_change, superseded_at, ${HISTORY_COLUMNS})
     SELECT changed_in, CAST(? AS BIGINT), CAST(? AS BIGINT), ${HISTORY_COLUMNS} FROM image_sets WHERE seq = ?`,
    change.number,
    change.at,
    seq,
  )
}

/** Drops some of the oldest rows once they are too old: faster than the change added some. */
export function* purgeRowHistory({ at, added }: { readonly at: number; readonly added: number }): Sql<void> {
  const oldest = yield* all<{ past: number; until_change: number; superseded_at: number }>(
    'SELECT past, until_change, superseded_at FROM image_set_history ORDER BY past LIMIT ?',
    HISTORY_ROWS_PER_BATCH + 2 * added,
  )
  const kept = oldest.findIndex((row) => row.superseded_at >= at - ROW_HISTORY_MS)
  const last = kept === -1 ? oldest.at(-1) : oldest[kept - 1]
  if (last === undefined) return
  yield* run('DELETE FROM image_set_history WHERE past <= ?', last.past)
  yield* run(
    'UPDATE changes SET history_purged_to = ? WHERE history_purged_to < ?',
    last.until_change,
    last.until_change,
  )
}
