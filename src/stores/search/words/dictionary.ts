/**
 * The dictionary of a data store: a number, the token, for each key that an image set has. Postings name tokens, so that only the dictionary
 * holds words of patients. A key is removed with its last posting.
 */
import { all, allOfMany, one, type Sql } from '../../sql/engine/statement.ts'

/** As of partitions. */
export type DictionaryState = 'live' | 'rebuilding' | 'retired'

export interface Dictionary {
  readonly dictionary: number
  /** The chunks that may have postings: from the first to the last. */
  readonly chunks: readonly number[]
}

export function* dictionaryOf(datastore: number, state: DictionaryState = 'live'): Sql<Dictionary | undefined> {
  const row = yield* one<{ dictionary: number; first_chunk: number | null; last_chunk: number | null }>(
    'SELECT dictionary, first_chunk, last_chunk FROM search_dictionaries WHERE datastore = ? AND state = ?',
    ...[datastore, state],
  )
  if (row === undefined) return undefined
  const { dictionary, first_chunk: first, last_chunk: last } = row
  const chunks = first === null ? [] : Array.from({ length: last! - first + 1 }, (_, at) => first + at)
  return { dictionary, chunks }
}

/** The tokens of those keys that exist. */
export function* tokensOf(dictionary: number, keys: Iterable<string>): Sql<ReadonlyMap<string, number>> {
  const rows = yield* allOfMany<{ word_key: string; token: number }>(
    (marks) => `SELECT word_key, token FROM search_tokens WHERE dictionary = ? AND word_key IN (${marks})`,
    [dictionary],
    [...keys],
  )
  return new Map(rows.map(({ word_key, token }) => [word_key, token]))
}

/** The keys from one up to another, which is left out; at most `limit`, in order. */
export function* keysBetween(
  dictionary: number,
  [from, before]: readonly [from: string, before: string],
  limit: number,
): Sql<readonly { readonly word_key: string; readonly token: number }[]> {
  return yield* all<{ word_key: string; token: number }>(
    `SELECT word_key, token FROM search_tokens WHERE dictionary = ? AND word_key >= ? AND word_key < ?
     ORDER BY word_key LIMIT ?`,
    ...[dictionary, from, before, limit],
  )
}
