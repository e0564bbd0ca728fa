/**
 * Writes dictionary, tail and postings of the words. Every image set has the tokens of its words, of their short prefixes, and of those longer
 * prefixes that have a token: each that more than `prefixWordsMax` words share. So a search reads at most that many tokens for a prefix.
 */
import assert from 'node:assert/strict'
import { all, allOfMany, one, run, type Sql } from '../../sql/engine/statement.ts'
import { insertRows } from '../../sql/rows/insert-rows.ts'
import type { IndexChange } from '../indexed-image-set.ts'
import { ROW_ID } from '../kd-tree/entries.ts'
import type { IndexSizes } from '../kd-tree/sizes.ts'
import { type Dictionary, type DictionaryState, dictionaryOf, keysBetween, tokensOf } from '../words/dictionary.ts'
import {
  changedOffsets,
  chunkOf,
  countOf,
  decodeOffsets,
  encodeOffsets,
  NO_OFFSETS,
  type Offsets,
  offsetOf,
  union,
} from '../words/offsets.ts'
import { deletePostings, postingsOf, tokensWithPostings } from '../words/postings.ts'
import { encodeTokens, type Tokens, tailOf, wholeTail } from '../words/tail.ts'
import { isWord, longPrefixesOf, wordsFrom } from '../words/word-keys.ts'

/** The keys of an image set before a change and after it. */
interface WordChange {
  readonly rowId: number
  readonly before: ReadonlySet<string>
  readonly after: ReadonlySet<string>
}

/** Of a key without a token: most long prefixes have none. Tokens begin at 1. */
const ABSENT = 0

const NO_KEYS: ReadonlySet<string> = new Set()

export const wordChangeOf = ({ before, after }: IndexChange): WordChange => ({
  rowId: (after ?? before)!.entry.point[ROW_ID]!,
  before: before?.words ?? NO_KEYS,
  after: after?.words ?? NO_KEYS,
})

interface PostingEdit {
  readonly removed: number[]
  readonly added: number[]
}

/** What changes in the postings, by chunk and token. */
type PostingEdits = Map<number, Map<number, PostingEdit>>

export class WordWriter {
  readonly #sizes: IndexSizes
  /** Tokens of keys, by dictionary: right until another writer's change or a rollback. */
  readonly #known = new Map<number, Map<string, number>>()

  constructor(sizes: IndexSizes) {
    this.#sizes = sizes
  }

  /** After a rollback or a change of another writer. */
  forget(): void {
    this.#known.clear()
  }

  /** Creates the dictionary of the data store in that state. */
  *create(datastore: number, state: DictionaryState): Sql<Dictionary> {
    const counted = yield* one<{ last_dictionary: number }>(
      'UPDATE changes SET last_dictionary = last_dictionary + 1 RETURNING last_dictionary',
    )
    const dictionary = counted!.last_dictionary
    yield* insertRows('search_dictionaries', [{ dictionary, datastore, state }])
    return { dictionary, chunks: [] }
  }

  /** Nothing where the data store has no dictionary in the state, unless it is the live one. */
  *edit(datastore: number, changes: readonly WordChange[], state: DictionaryState): Sql<void> {
    const edits = changes.filter(({ before, after }) => !isEqual(before, after))
    if (edits.length === 0) return
    const found = yield* dictionaryOf(datastore, state)
    if (found === undefined && state !== 'live') return
    const of = found ?? (yield* this.create(datastore, state))
    const tokens = yield* this.#tokensOf(of.dictionary, edits)
    const created = yield* this.#createTokens(of.dictionary, edits, tokens)
    const suspects = yield* this.#place(of, edits, tokens)
    yield* this.#removeUnused(of, suspects)
    yield* this.#addLongPrefixes(of, created.filter(isWord))
    yield* this.#sealIfFull(of)
  }

  /** The tokens of all keys of the changes, long prefixes included, that exist. */
  *#tokensOf(dictionary: number, edits: readonly WordChange[]): Sql<Map<string, number>> {
    const known = this.#knownOf(dictionary)
    const found = new Map<string, number>()
    const unknown = new Set<string>()
    for (const keys of edits.flatMap(({ before, after }) => [before, after])) {
      for (const key of keys) {
        for (const each of [key, ...longPrefixesOf(key)]) {
          const token = known.get(each)
          if (token === undefined) unknown.add(each)
          else if (token !== ABSENT) found.set(each, token)
        }
      }
    }
    const read = yield* tokensOf(dictionary, unknown)
    for (const key of unknown) known.set(key, read.get(key) ?? ABSENT)
    for (const [key, token] of read) found.set(key, token)
    return found
  }

  #knownOf(dictionary: number): Map<string, number> {
    let known = this.#known.get(dictionary)
    if (known === undefined || known.size > this.#sizes.tokensInMemory) {
      known = new Map()
      this.#known.set(dictionary, known)
    }
    return known
  }

  /** @returns the new keys, which are in `tokens` then. */
  *#createTokens(
    dictionary: number,
    edits: readonly WordChange[],
    tokens: Map<string, number>,
  ): Sql<readonly string[]> {
    const missing = [...new Set(edits.flatMap(({ after }) => [...after].filter((key) => !tokens.has(key))))]
    for (const [key, token] of yield* this.#insertTokens(dictionary, missing)) tokens.set(key, token)
    return missing
  }

  *#insertTokens(dictionary: number, keys: readonly string[]): Sql<ReadonlyMap<string, number>> {
    if (keys.length === 0) return new Map()
    const counted = yield* one<{ last_token: number }>(
      'UPDATE changes SET last_token = last_token + ? RETURNING last_token',
      keys.length,
    )
    const first = counted!.last_token - keys.length + 1
    const tokens = new Map(keys.map((key, at) => [key, first + at]))
    yield* insertRows(
      'search_tokens',
      [...tokens].map(([key, token]) => ({ token, dictionary, word_key: key })),
    )
    const known = this.#knownOf(dictionary)
    for (const [key, token] of tokens) known.set(key, token)
    return tokens
  }

  /** Puts new image sets into the tail, and changes the others where they are. @returns tokens that may be unused now. */
  *#place(of: Dictionary, edits: readonly WordChange[], tokens: ReadonlyMap<string, number>): Sql<ReadonlySet<number>> {
    const { dictionary } = of
    const tail = yield* tailOf(
      dictionary,
      edits.filter(({ before }) => before.size > 0).map(({ rowId }) => rowId),
    )
    const [kept, left]: [{ row_id: number; tokens: Uint8Array }[], number[]] = [[], []]
    const postings: PostingEdits = new Map()
    const suspects = new Set<number>()
    for (const { rowId, before, after } of edits) {
      const now = allTokens(after, tokens)
      const held = tail.get(rowId)
      if (before.size === 0 || held !== undefined) {
        if (now.size > 0) kept.push({ row_id: rowId, tokens: encodeTokens(now) })
        else left.push(rowId)
        for (const token of held ?? []) if (!now.has(token)) suspects.add(token)
        continue
      }
      const then = allTokens(before, tokens)
      for (const token of then) if (!now.has(token)) editOf(postings, rowId, token).removed.push(offsetOf(rowId))
      for (const token of now) if (!then.has(token)) editOf(postings, rowId, token).added.push(offsetOf(rowId))
    }
    yield* insertTail(kept.map((row) => ({ dictionary, ...row })))
    yield* allOfMany(
      (marks) => `DELETE FROM search_tail WHERE dictionary = ? AND row_id IN (${marks})`,
      [dictionary],
      left,
    )
    for (const token of yield* writePostings(of, postings)) suspects.add(token)
    return suspects
  }

  *#removeUnused(of: Dictionary, suspects: ReadonlySet<number>): Sql<void> {
    if (suspects.size === 0) return
    const used = new Set<number>()
    for (const tokens of (yield* wholeTail(of.dictionary)).values()) for (const token of tokens) used.add(token)
    const rest = [...suspects].filter((token) => !used.has(token))
    const withPostings = yield* tokensWithPostings(of, rest)
    const unused = rest.filter((token) => !withPostings.has(token))
    if (unused.length === 0) return
    yield* allOfMany((marks) => `DELETE FROM search_tokens WHERE token IN (${marks})`, [], unused)
    this.#known.delete(of.dictionary)
  }

  /** Gives tokens to those prefixes of new words that many words share now. */
  *#addLongPrefixes(of: Dictionary, newWords: readonly string[]): Sql<void> {
    const { dictionary } = of
    const wanted = new Map<string, readonly number[]>()
    for (const word of newWords) {
      for (const prefix of longPrefixesOf(word)) {
        if (wanted.has(prefix)) continue
        const words = yield* keysBetween(dictionary, wordsFrom(prefix), this.#sizes.prefixWordsMax + 1)
        // A longer prefix has no more words.
        if (words.length <= this.#sizes.prefixWordsMax) break
        if ((yield* tokensOf(dictionary, [prefix])).size > 0) continue
        const every = yield* keysBetween(dictionary, wordsFrom(prefix), Number.MAX_SAFE_INTEGER)
        wanted.set(
          prefix,
          every.map(({ token }) => token),
        )
      }
    }
    const tokens = yield* this.#insertTokens(dictionary, [...wanted.keys()])
    yield* copyPostings(of, new Map([...wanted].map(([prefix, words]) => [tokens.get(prefix)!, words])))
  }

  /** Makes postings of the tail. */
  *#sealIfFull(of: Dictionary): Sql<void> {
    const { dictionary } = of
    const counted = yield* one<{ count: number }>(
      'SELECT count(*) AS count FROM search_tail WHERE dictionary = ?',
      dictionary,
    )
    if (counted!.count < this.#sizes.tailRowsMax) return
    const tail = yield* wholeTail(dictionary)
    const postings: PostingEdits = new Map()
    for (const [rowId, tokens] of tail) {
      for (const token of tokens) editOf(postings, rowId, token).added.push(offsetOf(rowId))
    }
    const chunks = [...postings.keys()].sort((a, b) => a - b)
    const [first, last] = [chunks[0]!, chunks.at(-1)!]
    yield* run(
      `UPDATE search_dictionaries SET first_chunk = CASE WHEN first_chunk < ? THEN first_chunk ELSE ? END,
       last_chunk = CASE WHEN last_chunk > ? THEN last_chunk ELSE ? END WHERE dictionary = ?`,
      ...[first, first, last, last, dictionary],
    )
    yield* writePostings(of, postings)
    yield* run('DELETE FROM search_tail WHERE dictionary = ?', dictionary)
  }
}

const isEqual = (a: ReadonlySet<string>, b: ReadonlySet<string>): boolean =>
  a.size === b.size && [...a].every((key) => b.has(key))

/** The tokens of the keys, which exist, and of those of their long prefixes that have one. */
function allTokens(keys: ReadonlySet<string>, tokens: ReadonlyMap<string, number>): Tokens {
  const all = new Set<number>()
  for (const key of keys) {
    const token = tokens.get(key)
    assert(token !== undefined, 'every key of an image set has a token')
    all.add(token)
    for (const prefix of longPrefixesOf(key)) {
      const shared = tokens.get(prefix)
      if (shared !== undefined) all.add(shared)
    }
  }
  return all
}

function editOf(edits: PostingEdits, rowId: number, token: number): PostingEdit {
  const chunk = chunkOf(rowId)
  const ofChunk = edits.get(chunk) ?? new Map<number, PostingEdit>()
  edits.set(chunk, ofChunk)
  const edit = ofChunk.get(token) ?? { removed: [], added: [] }
  ofChunk.set(token, edit)
  return edit
}

/** @returns the tokens that have no posting in a chunk any more. */
function* writePostings(of: Dictionary, edits: PostingEdits): Sql<readonly number[]> {
  const { dictionary } = of
  const emptied: number[] = []
  for (const [chunk, byToken] of edits) {
    const held = yield* postingsOf({ dictionary, chunks: [chunk] }, byToken.keys())
    const before = new Map(held.map(({ token, offsets }) => [token, decodeOffsets(offsets)]))
    const after = new Map<number, Offsets>()
    const empty: number[] = []
    for (const [token, edit] of byToken) {
      const offsets = changedOffsets(before.get(token) ?? NO_OFFSETS, edit)
      assert(offsets, 'the postings hold what the image sets had')
      if (countOf(offsets) === 0) empty.push(token)
      else after.set(token, offsets)
    }
    yield* insertPostings(dictionary, chunk, after)
    yield* deletePostings(dictionary, chunk, empty)
    emptied.push(...empty)
  }
  return emptied
}

function* insertPostings(dictionary: number, chunk: number, offsets: ReadonlyMap<number, Offsets>): Sql<void> {
  const inOrder = [...offsets].sort(([a], [b]) => a - b)
  yield* insertRows(
    'search_postings',
    inOrder.map(([token, some]) => ({ dictionary, chunk, token, offsets: encodeOffsets(some) })),
    { onConflict: 'ON CONFLICT (dictionary, chunk, token) DO UPDATE SET offsets = excluded.offsets' },
  )
}

/** @param from by token, the tokens whose image sets get it */
function* copyPostings(of: Dictionary, from: ReadonlyMap<number, readonly number[]>): Sql<void> {
  if (from.size === 0) return
  const { dictionary } = of
  const tokensBy = new Map<number, number[]>()
  for (const [token, words] of from) {
    for (const word of words) tokensBy.set(word, [...(tokensBy.get(word) ?? []), token])
  }
  const changed: { dictionary: number; row_id: number; tokens: Uint8Array }[] = []
  for (const [rowId, tokens] of yield* wholeTail(dictionary)) {
    const added = [...tokens].flatMap((token) => tokensBy.get(token) ?? [])
    if (added.length > 0) {
      changed.push({ dictionary, row_id: rowId, tokens: encodeTokens(new Set([...tokens, ...added])) })
    }
  }
  yield* insertTail(changed)
  for (const [token, words] of from) {
    const postings = yield* postingsOf(of, words)
    for (const [chunk, those] of Map.groupBy(postings, (posting) => posting.chunk)) {
      const offsets = union(those.map((posting) => decodeOffsets(posting.offsets)))
      yield* insertPostings(dictionary, chunk, new Map([[token, offsets]]))
    }
  }
}

const insertTail = (rows: readonly { dictionary: number; row_id: number; tokens: Uint8Array }[]) =>
  insertRows('search_tail', rows, {
    onConflict: 'ON CONFLICT (dictionary, row_id) DO UPDATE SET tokens = excluded.tokens',
  })

/** Deletes some rows of a retired dictionary, or the dictionary when it has none left. */
export function* clearRetiredWords(rowsMax: number): Sql<'more' | 'done'> {
  const retired = yield* one<{ dictionary: number; first_chunk: number | null; last_chunk: number | null }>(
    `SELECT dictionary, first_chunk, last_chunk FROM search_dictionaries WHERE state = 'retired' LIMIT 1`,
  )
  if (retired === undefined) return 'done'
  const { dictionary } = retired
  const postings = yield* all<{ chunk: number; token: number }>(
    'SELECT chunk, token FROM search_postings WHERE dictionary = ? LIMIT ?',
    ...[dictionary, rowsMax],
  )
  for (const [chunk, those] of Map.groupBy(postings, (posting) => posting.chunk)) {
    yield* deletePostings(
      dictionary,
      chunk,
      those.map(({ token }) => token),
    )
  }
  if (postings.length > 0) return 'more'
  const tokens = yield* all<{ token: number }>(
    'SELECT token FROM search_tokens WHERE dictionary = ? LIMIT ?',
    ...[dictionary, rowsMax],
  )
  yield* allOfMany(
    (marks) => `DELETE FROM search_tokens WHERE token IN (${marks})`,
    [],
    tokens.map(({ token }) => token),
  )
  if (tokens.length > 0) return 'more'
  yield* run('DELETE FROM search_tail WHERE dictionary = ?', dictionary)
  yield* run('DELETE FROM search_dictionaries WHERE dictionary = ?', dictionary)
  return 'more'
}
