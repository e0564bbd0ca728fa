/**
 * The order in which changes to image sets were committed. Each takes the next number of one counter and writes it into the rows
 * it leaves; what it supersedes goes to image_sets_past with the numbers between which it held. So a search can go on in the state
 * in which it began, without a transaction that stays open from page to page.
 */
import { all, one, run, type Sql } from '../engine/statement.ts'

/** How long a search may go on in the state in which it began; afterwards it goes on in the oldest state still kept. */
const PAST_MS = 24 * 3_600_000
const PAST_PER_BITE = 16

/**
 * The number of this transaction's change. Other writers wait here for each other, so numbers come in order of commit, and what is
 * read of image sets behind it stays as it is until the commit.
 * @param stamp never the same twice: a number is given again when the transaction is undone, a stamp is not.
 * @returns the stamp of the change before too, and how far the search index is being built anew, where it is.
 */
export function* nextChange(
  stamp: string,
): Sql<{ readonly number: number; readonly stampBefore: string; readonly rebuiltTo: number | undefined }> {
  const row = yield* one<{ number: number; written_by: string; rebuilt_to: number | null }>(
    'UPDATE changes SET number = number + 1 RETURNING number, written_by, rebuilt_to',
  )
  yield* run('UPDATE changes SET written_by = ?', stamp)
  return { number: row!.number, stampBefore: row!.written_by, rebuiltTo: row!.rebuilt_to ?? undefined }
}

/** Waits until no other change is under way, for a verb that may not have one to make. */
export function* takeTurn(): Sql<void> {
  yield* run('UPDATE changes SET number = number')
}

/** What a search sees that begins now (`latest`), and before which state nothing is kept any more. */
export function* knownChanges(): Sql<{ readonly latest: number; readonly oldest: number }> {
  const row = yield* one<{ number: number; forgotten_to: number }>('SELECT number, forgotten_to FROM changes')
  return { latest: row!.number, oldest: row!.forgotten_to }
}

const SEARCHED = `seq, id_tail, datastore, version, is_primary, created_at, updated_at, last_accessed_at, study_instant, patient_id,
  accession_number, study_id, study_instance_uid, series_instance_uid, tags`

/** Keeps what searches that began before the change must still see. */
export function* keepPast(seq: number, change: { readonly number: number; readonly at: number }): Sql<void> {
  yield* run(
    `INSERT INTO image_sets_past (from_change, until_change, superseded_at, ${SEARCHED})
     SELECT changed_in, CAST(? AS BIGINT), CAST(? AS BIGINT), ${SEARCHED} FROM image_sets WHERE seq = ?`,
    change.number,
    change.at,
    seq,
  )
}

/** Drops some of the oldest rows once they are too old: faster than the change added some. */
export function* forgetPast({ at, added }: { readonly at: number; readonly added: number }): Sql<void> {
  const oldest = yield* all<{ past: number; until_change: number; superseded_at: number }>(
    'SELECT past, until_change, superseded_at FROM image_sets_past ORDER BY past LIMIT ?',
    PAST_PER_BITE + 2 * added,
  )
  const kept = oldest.findIndex((row) => row.superseded_at >= at - PAST_MS)
  const last = kept === -1 ? oldest.at(-1) : oldest[kept - 1]
  if (last === undefined) return
  yield* run('DELETE FROM image_sets_past WHERE past <= ?', last.past)
  yield* run('UPDATE changes SET forgotten_to = ? WHERE forgotten_to < ?', last.until_change, last.until_change)
}
