/** Writes postings: those of a change, and those of a new token from the postings of others; and deletes a retired dictionary. */
import assert from 'node:assert/strict'
import { all, one, run, type Sql } from '../../sql/engine/statement.ts'
import { insertRows } from '../../sql/rows/insert-rows.ts'
import { type Dictionary, deleteTokens } from '../words/dictionary.ts'
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
import { deletePostings, postingsOf } from '../words/postings.ts'

interface PostingEdit {
  readonly removed: number[]
  readonly added: number[]
}

/** What changes in the postings, by chunk and token. */
export class PostingEdits {
  readonly byChunk = new Map<number, Map<number, PostingEdit>>()

  add(rowId: number, token: number): void {
    this.#edit(rowId, token).added.push(offsetOf(rowId))
  }

  remove(rowId: number, token: number): void {
    this.#edit(rowId, token).removed.push(offsetOf(rowId))
  }

  #edit(rowId: number, token: number): PostingEdit {
    const chunk = chunkOf(rowId)
    let byToken = this.byChunk.get(chunk)
    if (byToken === undefined) {
      byToken = new Map()
      this.byChunk.set(chunk, byToken)
    }
    let edit = byToken.get(token)
    if (edit === undefined) {
      edit = { removed: [], added: [] }
      byToken.set(token, edit)
    }
    return edit
  }
}

/** @returns the tokens that have no posting in a chunk any more. */
export function* writePostings({ dictionary }: Dictionary, edits: PostingEdits): Sql<readonly number[]> {
  const emptied: number[] = []
  for (const [chunk, byToken] of edits.byChunk) {
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

/** @param from by new token, the tokens whose image sets get it */
export function* copyPostings(of: Dictionary, from: ReadonlyMap<number, readonly number[]>): Sql<void> {
  for (const [token, words] of from) {
    const postings = yield* postingsOf(of, words)
    for (const [chunk, those] of Map.groupBy(postings, (posting) => posting.chunk)) {
      const offsets = union(those.map((posting) => decodeOffsets(posting.offsets)))
      yield* insertPostings(of.dictionary, chunk, new Map([[token, offsets]]))
    }
  }
}

/** Deletes some rows of a retired dictionary of the data store, or the dictionary when it has none left. */
export function* clearRetiredWords(datastore: number, rowsMax: number): Sql<'more' | 'done'> {
  const retired = yield* one<{ dictionary: number }>(
    `SELECT dictionary FROM search_dictionaries WHERE datastore = ? AND state = 'retired' LIMIT 1`,
    datastore,
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
  yield* deleteTokens(
    dictionary,
    tokens.map(({ token }) => token),
  )
  if (tokens.length > 0) return 'more'
  yield* run('DELETE FROM search_tail WHERE dictionary = ?', dictionary)
  yield* run('DELETE FROM search_dictionaries WHERE dictionary = ?', dictionary)
  return 'more'
}
