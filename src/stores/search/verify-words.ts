/**
 * Compares dictionary, postings and tail with the image sets, chunk by chunk, while others write: each chunk is one read transaction, so it sees
 * one snapshot of both. Then, for each dictionary, that every key is used and that prefixes have the tokens that a search relies on.
 */
import { setImmediate } from 'node:timers/promises'
import { describedOf } from '../../imaging/search/described.ts'
import type { IndexDifference } from '../catalog/search-repository.ts'
import { all, one, type Sql, type Transactions } from '../sql/engine/statement.ts'
import type { IndexSizes } from './kd-tree/sizes.ts'
import { type Dictionary, type DictionaryState, dictionaryOf } from './words/dictionary.ts'
import {
  CHUNK_ROWS,
  decodeOffsets,
  encodeOffsets,
  has,
  isWhole,
  listOf,
  offsetOf,
  offsetsFrom,
} from './words/offsets.ts'
import { wholeTail } from './words/tail.ts'
import { isWord, keysOf, longPrefixesOf } from './words/word-keys.ts'

const STATES: readonly DictionaryState[] = ['live', 'rebuilding']

/** @returns differences, some chunks at a time. */
export async function* verifyWords(
  database: Transactions,
  sizes: Pick<IndexSizes, 'prefixWordsMax'>,
): AsyncGenerator<readonly IndexDifference[]> {
  const datastores = await database.read(() => all<{ datastore: number }>('SELECT datastore FROM datastores'))
  const last = await database.read(() => one<{ row_id: number | null }>('SELECT max(row_id) AS row_id FROM image_sets'))
  for (const { datastore } of datastores) {
    for (const state of STATES) {
      for (let chunk = 0; chunk <= Math.floor((last!.row_id ?? -1) / CHUNK_ROWS); chunk++) {
        yield await database.read(() => verifyChunk(datastore, state, chunk))
        // Reads of SQLite are synchronous: let other tasks of the process run.
        await setImmediate()
      }
      yield await database.read(() => verifyDictionary(datastore, state, sizes))
    }
  }
}

interface DescribedRow {
  readonly row_id: number
  readonly tags: string
  readonly unlisted_texts: string | null
}

function* verifyChunk(datastore: number, state: DictionaryState, chunk: number): Sql<readonly IndexDifference[]> {
  const of = yield* dictionaryOf(datastore, state)
  const rebuilt = yield* one<{ rebuilt_to: number | null }>('SELECT rebuilt_to FROM changes')
  if (of === undefined && state !== 'live') return []
  const upTo = state === 'live' ? Number.MAX_SAFE_INTEGER : (rebuilt!.rebuilt_to ?? -1)
  const from = chunk * CHUNK_ROWS
  const rows = yield* all<DescribedRow>(
    `SELECT row_id, tags, unlisted_texts FROM image_sets
     WHERE row_id >= ? AND row_id < ? AND row_id <= ? AND datastore = ? AND deleted_at IS NULL`,
    ...[from, from + CHUNK_ROWS, upTo, datastore],
  )
  const keysOfRows = new Map(
    rows.map(({ row_id, tags, unlisted_texts }) => [row_id, keysOf(describedOf(tags, unlisted_texts))]),
  )
  if (of === undefined) {
    const imageSets = [...keysOfRows.values()].filter(({ size }) => size > 0).length
    return imageSets === 0 ? [] : [{ kind: 'image-sets-without-words', datastore, imageSets }]
  }
  return yield* compareChunk(of, { datastore, chunk, keysOfRows })
}

interface Chunk {
  readonly datastore: number
  readonly chunk: number
  readonly keysOfRows: ReadonlyMap<number, ReadonlySet<string>>
}

function* compareChunk(of: Dictionary, { datastore, chunk, keysOfRows }: Chunk): Sql<readonly IndexDifference[]> {
  const tokens = new Map((yield* keysOfDictionary(of.dictionary)).map(({ word_key, token }) => [word_key, token]))
  const known = new Set(tokens.values())
  const tail = yield* wholeTail(of.dictionary)
  const wanted = new Map<number, number[]>()
  const found = new Map<IndexDifference['kind'], number>()
  const count = (kind: IndexDifference['kind'], by = 1) => found.set(kind, (found.get(kind) ?? 0) + by)
  for (const [rowId, keys] of keysOfRows) {
    const held = tail.get(rowId)
    for (const key of keys) {
      if (!tokens.has(key)) count('words-missing')
      for (const each of [key, ...longPrefixesOf(key)]) {
        const token = tokens.get(each)
        if (token === undefined) continue
        if (held === undefined) {
          const offsets = wanted.get(token) ?? []
          wanted.set(token, offsets)
          offsets.push(offsetOf(rowId))
        } else if (!held.has(token)) count('words-missing')
      }
    }
  }
  for (const [rowId, held] of tail) {
    if (Math.floor(rowId / CHUNK_ROWS) !== chunk) continue
    const keys = keysOfRows.get(rowId) ?? new Set<string>()
    const own = new Set([...keys].flatMap((key) => [key, ...longPrefixesOf(key)]).map((key) => tokens.get(key)))
    for (const token of held) {
      if (!known.has(token)) count('posting-without-word')
      else if (!own.has(token)) count('words-superfluous')
    }
  }
  const postings = yield* all<{ token: number; offsets: Uint8Array }>(
    'SELECT token, offsets FROM search_postings WHERE dictionary = ? AND chunk = ?',
    ...[of.dictionary, chunk],
  )
  if (postings.length > 0 && !of.chunks.includes(chunk)) count('words-missing', postings.length)
  for (const { token, offsets: bytes } of postings) {
    const rows = wanted.get(token) ?? []
    wanted.delete(token)
    if (!known.has(token)) count('posting-without-word')
    else if (!isWhole(bytes)) count('words-damaged')
    else {
      const held = decodeOffsets(bytes)
      const own = new Set(rows)
      const missing = [...own].filter((offset) => !has(held, offset)).length
      const superfluous = [...listOf(held)].filter((offset) => !own.has(offset)).length
      if (missing > 0) count('words-missing', missing)
      if (superfluous > 0) count('words-superfluous', superfluous)
      // A list that is not in order, or the form for another number of offsets.
      if (Buffer.compare(encodeOffsets(offsetsFrom(listOf(held))), bytes) !== 0) count('words-damaged')
    }
  }
  for (const rows of wanted.values()) count('words-missing', new Set(rows).size)
  return [...found].map(([kind, words]) => ({ kind, datastore, chunk, words }))
}

const keysOfDictionary = (dictionary: number) =>
  all<{ word_key: string; token: number }>('SELECT word_key, token FROM search_tokens WHERE dictionary = ?', dictionary)

function* verifyDictionary(
  datastore: number,
  state: DictionaryState,
  { prefixWordsMax }: Pick<IndexSizes, 'prefixWordsMax'>,
): Sql<readonly IndexDifference[]> {
  const of = yield* dictionaryOf(datastore, state)
  if (of === undefined) return []
  const { dictionary } = of
  const keys = yield* keysOfDictionary(dictionary)
  const used = new Set<number>()
  for (const tokens of (yield* wholeTail(dictionary)).values()) for (const token of tokens) used.add(token)
  const withPostings = yield* all<{ token: number }>(
    'SELECT DISTINCT token FROM search_postings WHERE dictionary = ?',
    dictionary,
  )
  for (const { token } of withPostings) used.add(token)
  const unused = keys.filter(({ token }) => !used.has(token)).length
  const wordsOfPrefix = new Map<string, number>()
  for (const { word_key } of keys.filter((key) => isWord(key.word_key))) {
    for (const prefix of longPrefixesOf(word_key)) wordsOfPrefix.set(prefix, (wordsOfPrefix.get(prefix) ?? 0) + 1)
  }
  const existing = new Set(keys.map(({ word_key }) => word_key))
  const missing = [...wordsOfPrefix].filter(([prefix, words]) => words > prefixWordsMax && !existing.has(prefix)).length
  return [
    ...(unused === 0 ? [] : [{ kind: 'word-without-posting', datastore, words: unused } as const]),
    ...(missing === 0 ? [] : [{ kind: 'prefix-without-postings', datastore, words: missing } as const]),
  ]
}
