/**
 * Compares dictionary, postings and tail with the image sets, chunk by chunk, while others write: each chunk is one read transaction, so it sees
 * one snapshot of both. Then, for each dictionary, that every key is used, and that prefixes and high-frequency texts have the tokens that a search relies on.
 */
import { setImmediate } from 'node:timers/promises'
import { isDeclaredName, numberOfDeclared } from '../../imaging/search/declared.ts'
import { describedOf } from '../../imaging/search/described.ts'
import type { IndexDifference } from '../catalog/search-repository.ts'
import { all, one, type Sql, type Transactions } from '../sql/engine/statement.ts'
import {
  INDEXED_COLUMNS_WITH_WORDS,
  type IndexedRowWithWords,
  type IndexedWithWords,
  indexedWithWords,
  indexedWithWordsOf,
} from './indexed-image-set.ts'
import { ROW_ID } from './kd-tree/entries.ts'
import type { IndexSizes } from './kd-tree/sizes.ts'
import { nameOfText, PARTITION_COLUMNS, type PartitionRow, partitionOfRow } from './partitions.ts'
import { type Dictionary, type DictionaryState, dictionaryOf } from './words/dictionary.ts'
import {
  CHUNK_ROWS,
  chunkOf,
  decodeOffsets,
  encodeOffsets,
  has,
  isWhole,
  listOf,
  offsetOf,
  offsetsFrom,
} from './words/offsets.ts'
import { tailOf } from './words/tail.ts'
import { isWord, keyOfText, keysOf, longPrefixesOf, textOfKey } from './words/word-keys.ts'

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

function* verifyChunk(datastore: number, state: DictionaryState, chunk: number): Sql<readonly IndexDifference[]> {
  const of = yield* dictionaryOf(datastore, state)
  const rebuilt = yield* one<{ rebuilt_to: number | null }>(
    'SELECT rebuilt_to FROM changes WHERE datastore = ?',
    datastore,
  )
  if (of === undefined && state !== 'live') return []
  const upTo = state === 'live' ? Number.MAX_SAFE_INTEGER : (rebuilt!.rebuilt_to ?? -1)
  const from = chunk * CHUNK_ROWS
  const rows = yield* all<IndexedRowWithWords>(
    `SELECT ${INDEXED_COLUMNS_WITH_WORDS} FROM image_sets
     WHERE row_id >= ? AND row_id < ? AND row_id <= ? AND datastore = ? AND deleted_at IS NULL`,
    ...[from, from + CHUNK_ROWS, upTo, datastore],
  )
  if (of === undefined) {
    return rows.length === 0 ? [] : [{ kind: 'image-sets-without-words', datastore, imageSets: rows.length }]
  }
  const differences = yield* compareChunk(of, { datastore, chunk, imageSets: rows.map(indexedWithWordsOf) })
  const undeclared = state === 'live' ? yield* undeclaredTexts(datastore, rows) : 0
  if (undeclared === 0) return differences
  return [...differences, { kind: 'text-without-declaration', datastore, chunk, words: undeclared }]
}

/** How many texts are of attributes that are not declared in the data store, or no longer. */
function* undeclaredTexts(datastore: number, rows: readonly IndexedRowWithWords[]): Sql<number> {
  const declared = yield* all<{ declaration: number }>(
    'SELECT declaration FROM declared_attributes WHERE datastore = ?',
    datastore,
  )
  const numbers = new Set(declared.map(({ declaration }) => declaration))
  const names = rows.flatMap(({ unlisted_texts: texts }) => (texts === null ? [] : Object.keys(JSON.parse(texts))))
  return names.filter((name) => isDeclaredName(name) && !numbers.has(numberOfDeclared(name))).length
}

interface Chunk {
  readonly datastore: number
  readonly chunk: number
  readonly imageSets: readonly IndexedWithWords[]
}

/** The keys of an image set: what it always has, and what it has where the dictionary has a token for it. */
const keysOfImageSet = ({ tags, unlistedTexts, texts }: IndexedWithWords) => {
  const always = [...keysOf(describedOf(tags, unlistedTexts))]
  return { always, perhaps: [...always.flatMap(longPrefixesOf), ...texts.map(keyOfText)] }
}

function* compareChunk(of: Dictionary, { datastore, chunk, imageSets }: Chunk): Sql<readonly IndexDifference[]> {
  const tokens = new Map((yield* keysOfDictionary(of.dictionary)).map(({ word_key, token }) => [word_key, token]))
  const known = new Set(tokens.values())
  const rowIdOf = ({ entry }: IndexedWithWords) => entry.point[ROW_ID]!
  const newest = new Set((yield* tailOf(of.dictionary)).map(({ row_id }) => row_id))
  const wanted = new Map<number, number[]>()
  const found = new Map<IndexDifference['kind'], number>()
  const count = (kind: IndexDifference['kind'], by = 1) => found.set(kind, (found.get(kind) ?? 0) + by)
  for (const imageSet of imageSets) {
    const written = writtenOf(of, rowIdOf(imageSet), newest)
    if (written === 0) continue
    const { always, perhaps } = keysOfImageSet(imageSet)
    for (const key of always) if (!tokens.has(key)) count('words-missing')
    for (const key of [...always, ...perhaps]) {
      const token = tokens.get(key)
      if (token === undefined || token > written) continue
      const offsets = wanted.get(token) ?? []
      wanted.set(token, offsets)
      offsets.push(offsetOf(rowIdOf(imageSet)))
    }
  }
  const living = new Set(imageSets.map(rowIdOf))
  for (const rowId of newest) if (chunkOf(rowId) === chunk && !living.has(rowId)) count('words-superfluous')
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

/** The last token whose posting has the image set, if it has the token. */
function writtenOf({ sealing }: Dictionary, rowId: number, newest: ReadonlySet<number>): number {
  if (!newest.has(rowId)) return Number.POSITIVE_INFINITY
  return sealing !== undefined && rowId <= sealing.to ? sealing.token : 0
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
  const withPostings = yield* all<{ token: number }>(
    'SELECT DISTINCT token FROM search_postings WHERE dictionary = ?',
    dictionary,
  )
  const used = new Set(withPostings.map(({ token }) => token))
  // Tokens whose first postings are not written yet.
  const beingSealed = (yield* tailOf(dictionary)).filter(({ row_id }) => row_id <= (of.sealing?.to ?? -1))
  const byKey = new Map(keys.map(({ word_key, token }) => [word_key, token]))
  for (const imageSet of yield* indexedWithWords(beingSealed.map(({ row_id }) => row_id))) {
    const { always, perhaps } = keysOfImageSet(imageSet)
    for (const key of [...always, ...perhaps]) if (byKey.has(key)) used.add(byKey.get(key)!)
  }
  const texts = keys.flatMap(({ word_key }) => textOfKey(word_key) ?? [])
  const unused = keys.filter(({ word_key, token }) => !used.has(token) && textOfKey(word_key) === undefined).length
  const wordsOfPrefix = new Map<string, number>()
  for (const { word_key } of keys.filter((key) => isWord(key.word_key))) {
    for (const prefix of longPrefixesOf(word_key)) wordsOfPrefix.set(prefix, (wordsOfPrefix.get(prefix) ?? 0) + 1)
  }
  const existing = new Set(keys.map(({ word_key }) => word_key))
  const missing = [...wordsOfPrefix].filter(([prefix, words]) => words > prefixWordsMax && !existing.has(prefix)).length
  const partitions = yield* all<PartitionRow>(
    `SELECT ${PARTITION_COLUMNS} FROM search_partitions WHERE datastore = ? AND state = ? AND attribute <> ''`,
    ...[datastore, state],
  )
  const withPartitions = new Set(partitions.map((row) => nameOfText(partitionOfRow(row).text)))
  const withTokens = new Set(texts.map(nameOfText))
  const isDifferent = (text: string) => withPartitions.has(text) !== withTokens.has(text)
  const different = state === 'live' ? [...new Set([...withPartitions, ...withTokens])].filter(isDifferent).length : 0
  return [
    ...(different === 0 ? [] : [{ kind: 'text-without-postings', datastore, words: different } as const]),
    ...(unused === 0 ? [] : [{ kind: 'word-without-posting', datastore, words: unused } as const]),
    ...(missing === 0 ? [] : [{ kind: 'prefix-without-postings', datastore, words: missing } as const]),
  ]
}
