/**
 * The tail: the newest image sets of a dictionary, whose postings are not all written. A search compares their own words and texts. Without it,
 * each small import would write nearly every posting of the newest chunk. Image sets in the tail do not change: a change seals it first.
 */
import { all, one, run, type Sql } from '../../sql/engine/statement.ts'
import { insertRows } from '../../sql/rows/insert-rows.ts'

interface TailRow {
  readonly row_id: number
  /** The change that added it. */
  readonly added_in: number
}

/** Those added after a change, in the order of row ids. */
export const tailOf = (dictionary: number, addedAfter = -1): Sql<readonly TailRow[]> =>
  all<TailRow>(
    'SELECT row_id, added_in FROM search_tail WHERE dictionary = ? AND added_in > ? ORDER BY row_id',
    ...[dictionary, addedAfter],
  )

export function* countTail(dictionary: number): Sql<number> {
  const counted = yield* one<{ count: number }>(
    'SELECT count(*) AS count FROM search_tail WHERE dictionary = ?',
    dictionary,
  )
  return counted!.count
}

export function* putIntoTail(dictionary: number, rowIds: readonly number[], change: number): Sql<void> {
  yield* insertRows(
    'search_tail',
    rowIds.map((row_id) => ({ dictionary, row_id, added_in: change })),
  )
}

/** Those up to a row id. */
export const removeFromTail = (dictionary: number, upTo: number): Sql<void> =>
  run('DELETE FROM search_tail WHERE dictionary = ? AND row_id <= ?', dictionary, upTo)
