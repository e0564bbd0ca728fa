/**
 * The dictionary of a data store: a number, the token, for each key that an image set has. Postings name tokens, so that only the dictionary
 * holds words of patients. A key is removed with its last posting.
 */
import type { Dialect } from '../../sql/engine/differences.ts'
import { all, allOfMany, one, run, type Sql } from '../../sql/engine/statement.ts'
import { chunkOf } from './offsets.ts'

/** As of partitions. */
export type DictionaryState = 'live' | 'rebuilding' | 'retired'

export interface Dictionary {
  readonly dictionary: number
  /** The chunks that may have postings: from the first to the last. */
  readonly chunks: readonly number[]
  /** The last change but for additions to the tail. */
  readonly changedIn: number
  readonly sealing: SealingState | undefined
}

/** While the tail is sealed. */
export interface SealingState {
  /** No other sealing has it, so that a writer knows whether it is the one that it has in memory. */
  readonly name: string
  /** The last row that is sealed. */
  readonly to: number
  /** The last token whose posting is written. */
  readonly token: number
}

export function* dictionaryOf(datastore: number, state: DictionaryState = 'live'): Sql<Dictionary | undefined> {
  const row = yield* one<{
    dictionary: number
    first_chunk: number | null
    last_chunk: number | null
    changed_in: number
    sealing: string | null
    sealing_to: number | null
    sealed_token: number | null
  }>(
    'SELECT dictionary, first_chunk, last_chunk, changed_in, sealing, sealing_to, sealed_token FROM search_dictionaries WHERE datastore = ? AND state = ?',
    ...[datastore, state],
  )
  if (row === undefined) return undefined
  const { dictionary, first_chunk: first, last_chunk: last } = row
  const chunks = first === null ? [] : chunksBetween(first, last!)
  const sealing =
    row.sealing === null ? undefined : { name: row.sealing, to: row.sealing_to!, token: row.sealed_token! }
  return { dictionary, chunks, changedIn: row.changed_in, sealing }
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

/** How many there are, as far as `limit`. */
export function* countKeys(
  dictionary: number,
  [from, before]: readonly [from: string, before: string],
  limit: number,
): Sql<number> {
  const row = yield* one<{ keys: number }>(
    `SELECT count(*) AS keys FROM (
       SELECT 1 FROM search_tokens WHERE dictionary = ? AND word_key >= ? AND word_key < ? LIMIT ?) AS counted`,
    ...[dictionary, from, before, limit],
  )
  return row!.keys
}

/** Those that match the pattern, at most `limit`, in order. The database compares them: most do not match. */
export const keysMatching = (
  dictionary: number,
  [from, before]: readonly [from: string, before: string],
  { pattern, dialect, limit }: { readonly pattern: string; readonly dialect: Dialect; readonly limit: number },
): Sql<readonly { readonly token: number }[]> =>
  all<{ token: number }>(
    `SELECT token FROM search_tokens WHERE dictionary = ? AND word_key >= ? AND word_key < ?
     AND ${dialect.matchesPattern('word_key')} ORDER BY word_key LIMIT ?`,
    ...[dictionary, from, before, dialect.pattern(pattern), limit],
  )

export function* deleteTokens(dictionary: number, tokens: readonly number[]): Sql<void> {
  yield* allOfMany(
    (marks) => `DELETE FROM search_tokens WHERE dictionary = ? AND token IN (${marks})`,
    [dictionary],
    tokens,
  )
}

/** Results of searches that were kept are of the change before. */
export const recordChange = (dictionary: number, change: number): Sql<void> =>
  run('UPDATE search_dictionaries SET changed_in = ? WHERE dictionary = ?', change, dictionary)

export const recordSealing = (dictionary: number, sealing: SealingState | undefined): Sql<void> =>
  run(
    'UPDATE search_dictionaries SET sealing = ?, sealing_to = ?, sealed_token = ? WHERE dictionary = ?',
    ...[sealing?.name ?? null, sealing?.to ?? null, sealing?.token ?? null, dictionary],
  )

/** @returns the dictionary with the chunks of the image sets among its own. */
export function* extendChunks(of: Dictionary, rowIds: readonly number[]): Sql<Dictionary> {
  const { dictionary, chunks } = of
  const all = [...chunks, ...rowIds.map(chunkOf)]
  const first = all.reduce((least, chunk) => Math.min(least, chunk))
  const last = all.reduce((most, chunk) => Math.max(most, chunk))
  if (chunks[0] === first && chunks.at(-1) === last) return of
  yield* run(
    'UPDATE search_dictionaries SET first_chunk = ?, last_chunk = ? WHERE dictionary = ?',
    ...[first, last, dictionary],
  )
  return { ...of, chunks: chunksBetween(first, last) }
}

const chunksBetween = (first: number, last: number): readonly number[] =>
  Array.from({ length: last - first + 1 }, (_, at) => first + at)
