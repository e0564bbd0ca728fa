/**
 * The tail: the newest image sets of a dictionary, which are in no posting yet. A search compares their own words and texts; when there are a
 * thousand, they are sealed: they become postings at once. Without it, each small import would write nearly every posting of the newest chunk.
 */
import { all, allOfMany, type Sql } from '../../sql/engine/statement.ts'
import { insertRows } from '../../sql/rows/insert-rows.ts'

interface TailRow {
  readonly row_id: number
  /** The last change of its words or texts. */
  readonly changed_in: number
}

export const tailOf = (dictionary: number): Sql<readonly TailRow[]> =>
  all<TailRow>('SELECT row_id, changed_in FROM search_tail WHERE dictionary = ? ORDER BY row_id', dictionary)

/** Those of the row ids that are in the tail. */
export function* inTail(dictionary: number, rowIds: readonly number[]): Sql<ReadonlySet<number>> {
  const rows = yield* allOfMany<{ row_id: number }>(
    (marks) => `SELECT row_id FROM search_tail WHERE dictionary = ? AND row_id IN (${marks})`,
    [dictionary],
    rowIds,
  )
  return new Set(rows.map(({ row_id }) => row_id))
}

/** Adds image sets, or records that their words or texts have changed. */
export function* putIntoTail(dictionary: number, rowIds: readonly number[], change: number): Sql<void> {
  yield* insertRows(
    'search_tail',
    rowIds.map((row_id) => ({ dictionary, row_id, changed_in: change })),
    { onConflict: 'ON CONFLICT (dictionary, row_id) DO UPDATE SET changed_in = excluded.changed_in' },
  )
}

export function* removeFromTail(dictionary: number, rowIds: readonly number[]): Sql<void> {
  yield* allOfMany(
    (marks) => `DELETE FROM search_tail WHERE dictionary = ? AND row_id IN (${marks})`,
    [dictionary],
    rowIds,
  )
}
