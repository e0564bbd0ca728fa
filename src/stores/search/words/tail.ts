/**
 * The tail: the newest image sets of a dictionary, each with the list of its tokens. A thousand of them become postings at once. Without it,
 * each small import would write nearly every posting of the newest chunk.
 */
import { all, allOfMany, type Sql } from '../../sql/engine/statement.ts'

export type Tokens = ReadonlySet<number>

interface TailRow {
  readonly row_id: number
  readonly tokens: Uint8Array
}

const decodeTokens = (bytes: Uint8Array): Tokens => {
  const { buffer, byteLength } = new Uint8Array(bytes)
  return new Set(new Uint32Array(buffer, 0, byteLength / 4))
}

export const encodeTokens = (tokens: Iterable<number>): Uint8Array =>
  new Uint8Array(Uint32Array.from(tokens).sort().buffer)

const asMap = (rows: readonly TailRow[]): ReadonlyMap<number, Tokens> =>
  new Map(rows.map(({ row_id, tokens }) => [row_id, decodeTokens(tokens)]))

/** By row id. */
export function* wholeTail(dictionary: number): Sql<ReadonlyMap<number, Tokens>> {
  return asMap(yield* all<TailRow>('SELECT row_id, tokens FROM search_tail WHERE dictionary = ?', dictionary))
}

/** Of those of the row ids that are in the tail. */
export function* tailOf(dictionary: number, rowIds: readonly number[]): Sql<ReadonlyMap<number, Tokens>> {
  return asMap(
    yield* allOfMany<TailRow>(
      (marks) => `SELECT row_id, tokens FROM search_tail WHERE dictionary = ? AND row_id IN (${marks})`,
      [dictionary],
      rowIds,
    ),
  )
}
