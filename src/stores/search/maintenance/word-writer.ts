/**
 * Writes dictionary, tail and postings. A sealed image set has the tokens of its words, of their short prefixes, of those longer prefixes that
 * have a token (each that more than `prefixWordsMax` words share, so that a search reads at most that many tokens for a prefix), and of its
 * high-frequency texts.
 */
import assert from 'node:assert/strict'
import { describedOf } from '../../../imaging/search/described.ts'
import { one, type Sql } from '../../sql/engine/statement.ts'
import { insertRows } from '../../sql/rows/insert-rows.ts'
import type { Text } from '../../sql/rows/search-columns.ts'
import type { IndexChange, IndexedWithWords } from '../indexed-image-set.ts'
import { indexedWithWords } from '../indexed-image-set.ts'
import { ROW_ID } from '../kd-tree/entries.ts'
import type { IndexSizes } from '../kd-tree/sizes.ts'
import {
  type Dictionary,
  type DictionaryState,
  deleteTokens,
  dictionaryOf,
  extendChunks,
  keysBetween,
  recordChange,
  tokensOf,
} from '../words/dictionary.ts'
import { deletePostingsOf, tokensWithPostings } from '../words/postings.ts'
import { inTail, putIntoTail, removeFromTail, tailOf } from '../words/tail.ts'
import { isWord, keyOfText, keysOf, longPrefixesOf, TEXT_KEYS, wordsFrom } from '../words/word-keys.ts'
import { copyPostings, PostingEdits, writePostings } from './write-postings.ts'

/** Of a key without a token: most long prefixes have none. Tokens begin at 1. */
const ABSENT = 0

/** The dictionary that is written, and the number of the change. */
export interface WordWriting {
  readonly state: DictionaryState
  readonly change: number
}

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

  /** Creates the dictionary of the data store in the state. @param texts the high-frequency ones */
  *create(datastore: number, texts: Iterable<Text>, { state, change }: WordWriting): Sql<Dictionary> {
    const counted = yield* one<{ last_dictionary: number }>(
      'UPDATE changes SET last_dictionary = last_dictionary + 1 RETURNING last_dictionary',
    )
    const dictionary = counted!.last_dictionary
    yield* insertRows('search_dictionaries', [{ dictionary, datastore, state, changed_in: change }])
    yield* this.#insertTokens(dictionary, [...texts].map(keyOfText))
    return { dictionary, chunks: [], changedIn: change }
  }

  /** Nothing where the data store has no dictionary in the state, unless it is the live one. */
  *edit(datastore: number, changes: readonly IndexChange[], writing: WordWriting): Sql<void> {
    const edits = changes.filter(changesWords)
    if (edits.length === 0) return
    const found = yield* dictionaryOf(datastore, writing.state)
    if (found === undefined && writing.state !== 'live') return
    const of = found ?? (yield* this.create(datastore, [], writing))
    const { dictionary } = of
    const known = edits.filter(({ before }) => before !== undefined)
    const newest = yield* inTail(dictionary, known.map(rowIdOf))
    const isNewest = (edit: IndexChange) => edit.before === undefined || newest.has(rowIdOf(edit))
    const [kept, left]: [number[], number[]] = [[], []]
    for (const edit of edits.filter(isNewest)) (edit.after === undefined ? left : kept).push(rowIdOf(edit))
    yield* putIntoTail(dictionary, kept, writing.change)
    yield* removeFromTail(dictionary, left)
    const sealed = edits.filter((edit) => !isNewest(edit))
    if (sealed.length > 0) yield* this.#changeSealed(of, sealed, writing.change)
    if (kept.length > 0) yield* this.#sealIfFull(of, writing.change)
  }

  /** Adds image sets that are in neither tail nor postings to the postings. Nothing where there is no dictionary in the state. */
  *seal(datastore: number, imageSets: readonly IndexedWithWords[], writing: WordWriting): Sql<void> {
    const of = yield* dictionaryOf(datastore, writing.state)
    if (of !== undefined) yield* this.#seal(of, imageSets, writing.change)
  }

  /** Gives a token to a text that has become high-frequency. @param rowIds of all image sets that have it */
  *addText(
    datastore: number,
    text: Text,
    { rowIds, ...writing }: WordWriting & { readonly rowIds: readonly number[] },
  ) {
    const of = yield* dictionaryOf(datastore, writing.state)
    if (of === undefined) return
    const tokens = yield* this.#insertTokens(of.dictionary, [keyOfText(text)])
    const newest = new Set((yield* tailOf(of.dictionary)).map(({ row_id }) => row_id))
    const edits = new PostingEdits()
    for (const token of tokens.values()) {
      for (const rowId of rowIds) if (!newest.has(rowId)) edits.add(rowId, token)
    }
    yield* writePostings(of, edits)
    yield* recordChange(of.dictionary, writing.change)
  }

  *removeText(datastore: number, text: Text, { state, change }: WordWriting): Sql<void> {
    const of = yield* dictionaryOf(datastore, state)
    if (of === undefined) return
    const tokens = [...(yield* tokensOf(of.dictionary, [keyOfText(text)])).values()]
    yield* deletePostingsOf(of, tokens)
    yield* deleteTokens(tokens)
    this.#known.delete(of.dictionary)
    yield* recordChange(of.dictionary, change)
  }

  *#changeSealed(of: Dictionary, edits: readonly IndexChange[], change: number): Sql<void> {
    const texts = yield* textTokens(of.dictionary)
    const before = edits.map((edit) => keysIn(edit.before, texts))
    const after = edits.map((edit) => keysIn(edit.after, texts))
    const { tokensOfKey, created } = yield* this.#tokensOfKeys(of.dictionary, {
      keys: new Set(before.flatMap((keys) => [...keys])),
      wanted: new Set(after.flatMap((keys) => [...keys])),
      texts,
    })
    const postings = new PostingEdits()
    for (const [at, edit] of edits.entries()) {
      const [then, now] = [tokensIn(before[at]!, tokensOfKey), tokensIn(after[at]!, tokensOfKey)]
      for (const token of then) if (!now.has(token)) postings.remove(rowIdOf(edit), token)
      for (const token of now) if (!then.has(token)) postings.add(rowIdOf(edit), token)
    }
    const emptied = yield* writePostings(of, postings)
    const textsKept = new Set(texts.values())
    yield* this.#removeUnused(
      of,
      emptied.filter((token) => !textsKept.has(token)),
    )
    yield* this.#addLongPrefixes(of, created.filter(isWord))
    yield* recordChange(of.dictionary, change)
  }

  *#sealIfFull(of: Dictionary, change: number): Sql<void> {
    const { dictionary } = of
    const rowIds = (yield* tailOf(dictionary)).map(({ row_id }) => row_id)
    if (rowIds.length < this.#sizes.tailRowsMax) return
    yield* this.#seal(of, yield* indexedWithWords(rowIds), change)
    yield* removeFromTail(dictionary, rowIds)
  }

  *#seal(of: Dictionary, imageSets: readonly IndexedWithWords[], change: number): Sql<void> {
    if (imageSets.length === 0) return
    const texts = yield* textTokens(of.dictionary)
    const keys = imageSets.map((each) => keysIn(each, texts))
    const wanted = new Set<string>()
    for (const some of keys) for (const key of some) wanted.add(key)
    const { tokensOfKey, created } = yield* this.#tokensOfKeys(of.dictionary, { keys: new Set(), wanted, texts })
    const postings = new PostingEdits()
    for (const [at, imageSet] of imageSets.entries()) {
      const rowId = rowIdOf({ after: imageSet })
      for (const token of tokensIn(keys[at]!, tokensOfKey)) postings.add(rowId, token)
    }
    const extended = yield* extendChunks(
      of,
      imageSets.map((after) => rowIdOf({ after })),
    )
    yield* writePostings(extended, postings)
    yield* this.#addLongPrefixes(extended, created.filter(isWord))
    yield* recordChange(of.dictionary, change)
  }

  /**
   * The tokens of each key: its own, and those of its long prefixes that have one. Creates the tokens of those wanted keys that have none.
   * @param from.texts the tokens of all high-frequency texts
   */
  *#tokensOfKeys(
    dictionary: number,
    from: {
      readonly keys: ReadonlySet<string>
      readonly wanted: ReadonlySet<string>
      readonly texts: ReadonlyMap<string, number>
    },
  ): Sql<{ readonly tokensOfKey: ReadonlyMap<string, readonly number[]>; readonly created: readonly string[] }> {
    const known = this.#knownOf(dictionary)
    const all = new Map<string, readonly string[]>()
    const unknown: string[] = []
    for (const key of [...from.keys, ...from.wanted]) {
      if (all.has(key)) continue
      const keys = [key, ...longPrefixesOf(key)]
      all.set(key, keys)
      if (!from.texts.has(key)) for (const each of keys) if (!known.has(each)) unknown.push(each)
    }
    const read = yield* tokensOf(dictionary, unknown)
    for (const key of unknown) known.set(key, read.get(key) ?? ABSENT)
    const missing = [...from.wanted].filter((key) => !from.texts.has(key) && known.get(key) === ABSENT)
    yield* this.#insertTokens(dictionary, missing)
    const tokensOfKey = new Map<string, readonly number[]>()
    for (const [key, keys] of all) {
      const tokens = keys.map((each) => from.texts.get(each) ?? known.get(each)!).filter((token) => token !== ABSENT)
      tokensOfKey.set(key, tokens)
    }
    return { tokensOfKey, created: missing }
  }

  #knownOf(dictionary: number): Map<string, number> {
    let known = this.#known.get(dictionary)
    if (known === undefined || known.size > this.#sizes.tokensInMemory) {
      known = new Map()
      this.#known.set(dictionary, known)
    }
    return known
  }

  *#insertTokens(dictionary: number, keys: readonly string[]): Sql<ReadonlyMap<string, number>> {
    if (keys.length === 0) return new Map()
    const counted = yield* one<{ last_token: number }>(
      'UPDATE changes SET last_token = last_token + ? RETURNING last_token',
      keys.length,
    )
    const first = counted!.last_token - keys.length + 1
    // In the order of keys: then the entries of one leaf page of the index are written together.
    const tokens = new Map(keys.toSorted().map((key, at) => [key, first + at]))
    yield* insertRows(
      'search_tokens',
      [...tokens].map(([key, token]) => ({ token, dictionary, word_key: key })),
    )
    const known = this.#known.get(dictionary)
    for (const [key, token] of tokens) known?.set(key, token)
    return tokens
  }

  *#removeUnused(of: Dictionary, suspects: readonly number[]): Sql<void> {
    if (suspects.length === 0) return
    const used = yield* tokensWithPostings(of, suspects)
    yield* deleteTokens(suspects.filter((token) => !used.has(token)))
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
}

const rowIdOf = ({ before, after }: IndexChange): number => (after ?? before)!.entry.point[ROW_ID]!

/** The texts of most changes are the same: their words need not be compared. */
function changesWords({ before, after }: IndexChange): boolean {
  if (before === undefined || after === undefined) return true
  return (
    before.tags !== after.tags ||
    before.unlistedTexts !== after.unlistedTexts ||
    JSON.stringify(before.texts) !== JSON.stringify(after.texts)
  )
}

/** The keys of an image set that have a token, or get one: not those of long prefixes. */
function keysIn(imageSet: IndexedWithWords | undefined, texts: ReadonlyMap<string, number>): ReadonlySet<string> {
  if (imageSet === undefined) return new Set()
  const keys = keysOf(describedOf(imageSet.tags, imageSet.unlistedTexts))
  const frequent = texts.size === 0 ? [] : imageSet.texts.map(keyOfText).filter((key) => texts.has(key))
  return frequent.length === 0 ? keys : new Set([...keys, ...frequent])
}

function tokensIn(keys: ReadonlySet<string>, tokensOfKey: ReadonlyMap<string, readonly number[]>): ReadonlySet<number> {
  const all = new Set<number>()
  for (const key of keys) {
    const tokens = tokensOfKey.get(key)
    assert(tokens !== undefined && tokens.length > 0, 'every key of an image set has a token')
    for (const token of tokens) all.add(token)
  }
  return all
}

/** The tokens of the high-frequency texts, by key. */
function* textTokens(dictionary: number): Sql<ReadonlyMap<string, number>> {
  const keys = yield* keysBetween(dictionary, TEXT_KEYS, Number.MAX_SAFE_INTEGER)
  return new Map(keys.map(({ word_key, token }) => [word_key, token]))
}
