/** The postings of tokens: for each chunk of row ids, the image sets in it. In the order of chunks, so that writers of new rows touch one end. */
import { allOfMany, type Sql } from '../../sql/engine/statement.ts'
import type { Dictionary } from './dictionary.ts'

export interface Posting {
  readonly chunk: number
  readonly token: number
  readonly offsets: Uint8Array
}

const CHUNKS_PER_STEP = 16

/** Filled up with the last chunk, so that few statements are prepared while a data store grows. */
function filledUp(chunks: readonly number[]): readonly number[] {
  if (chunks.length <= 1) return chunks
  const length = Math.ceil(chunks.length / CHUNKS_PER_STEP) * CHUNKS_PER_STEP
  return Array.from({ length }, (_, at) => chunks[Math.min(at, chunks.length - 1)]!)
}

const inChunks = (chunks: readonly number[]) => `chunk IN (${chunks.map(() => '?').join(', ')})`

export function* postingsOf(
  { dictionary, chunks }: Pick<Dictionary, 'dictionary' | 'chunks'>,
  tokens: Iterable<number>,
): Sql<readonly Posting[]> {
  if (chunks.length === 0) return []
  const all = filledUp(chunks)
  return yield* allOfMany<Posting>(
    (marks) =>
      `SELECT chunk, token, offsets FROM search_postings
       WHERE dictionary = ? AND ${inChunks(all)} AND token IN (${marks})`,
    [dictionary, ...all],
    [...tokens],
  )
}

/** Those of the tokens that have a posting. */
export function* tokensWithPostings(
  { dictionary, chunks }: Dictionary,
  tokens: Iterable<number>,
): Sql<ReadonlySet<number>> {
  if (chunks.length === 0) return new Set()
  const all = filledUp(chunks)
  const rows = yield* allOfMany<{ token: number }>(
    (marks) =>
      `SELECT DISTINCT token FROM search_postings WHERE dictionary = ? AND ${inChunks(all)} AND token IN (${marks})`,
    [dictionary, ...all],
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

/** In all chunks. */
export function* deletePostingsOf({ dictionary, chunks }: Dictionary, tokens: readonly number[]): Sql<void> {
  for (const chunk of chunks) yield* deletePostings(dictionary, chunk, tokens)
}
