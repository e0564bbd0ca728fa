/** The postings of tokens: for each chunk of row ids, the image sets in it. In the order of chunks, so that writers of new rows touch one end. */
import { allOfMany, type Sql } from '../../sql/engine/statement.ts'
import type { Dictionary } from './dictionary.ts'

export interface Posting {
  readonly chunk: number
  readonly token: number
  readonly offsets: Uint8Array
}

/** Chunks are written out, since their number changes rarely: a statement has one list of values. */
const inChunks = (chunks: readonly number[]) => `chunk IN (${chunks.join(', ')})`

export function* postingsOf({ dictionary, chunks }: Dictionary, tokens: Iterable<number>): Sql<readonly Posting[]> {
  if (chunks.length === 0) return []
  return yield* allOfMany<Posting>(
    (marks) =>
      `SELECT chunk, token, offsets FROM search_postings
       WHERE dictionary = ? AND ${inChunks(chunks)} AND token IN (${marks})`,
    [dictionary],
    [...tokens],
  )
}

/** Those of the tokens that have a posting. */
export function* tokensWithPostings(
  { dictionary, chunks }: Dictionary,
  tokens: Iterable<number>,
): Sql<ReadonlySet<number>> {
  if (chunks.length === 0) return new Set()
  const rows = yield* allOfMany<{ token: number }>(
    (marks) =>
      `SELECT DISTINCT token FROM search_postings WHERE dictionary = ? AND ${inChunks(chunks)} AND token IN (${marks})`,
    [dictionary],
    [...tokens],
  )
  return new Set(rows.map(({ token }) => token))
}

export function* deletePostings(dictionary: number, chunk: number, tokens: readonly number[]): Sql<void> {
  yield* allOfMany(
    (marks) => `DELETE FROM search_postings WHERE dictionary = ? AND chunk = ? AND token IN (${marks})`,
    [dictionary, chunk],
    tokens,
  )
}
