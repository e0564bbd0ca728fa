/**
 * Gives tokens to keys, and remembers them. Every key of an image set has a token, and so has every longer prefix that more than
 * `prefixWordsMax` words share: a search reads at most that many tokens for a prefix.
 */
import assert from 'node:assert/strict'
import { one, type Sql } from '../../sql/engine/statement.ts'
import { insertRows } from '../../sql/rows/insert-rows.ts'
import type { IndexSizes } from '../kd-tree/sizes.ts'
import { type Dictionary, deleteTokens, keysBetween, tokensOf } from '../words/dictionary.ts'
import { tokensWithPostings } from '../words/postings.ts'
import { isWord, longPrefixesOf, TEXT_KEYS, wordsFrom } from '../words/word-keys.ts'
import { copyPostings } from './write-postings.ts'

/** Of a key without a token: most long prefixes have none. Tokens begin at 1. */
const ABSENT = 0

/** The tokens of a key: its own, and those of its long prefixes that have one. */
type TokensOfKey = ReadonlyMap<string, readonly number[]>

export class TokenWriter {
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

  /** The tokens of keys that exist. */
  *of(dictionary: number, keys: ReadonlySet<string>): Sql<TokensOfKey> {
    // A full cache is dropped: it is filled again by a few statements.
    if ((this.#known.get(dictionary)?.size ?? 0) > this.#sizes.tokensInMemory) this.#known.delete(dictionary)
    const known = this.#knownOf(dictionary)
    const withPrefixes = new Map<string, readonly string[]>()
    const unknown: string[] = []
    for (const key of keys) {
      const all = [key, ...longPrefixesOf(key)]
      withPrefixes.set(key, all)
      for (const each of all) if (!known.has(each)) unknown.push(each)
    }
    const read = yield* tokensOf(dictionary, unknown)
    for (const key of unknown) known.set(key, read.get(key) ?? ABSENT)
    const tokensOfKey = new Map<string, readonly number[]>()
    for (const [key, all] of withPrefixes) {
      tokensOfKey.set(
        key,
        all.map((each) => known.get(each)!).filter((token) => token !== ABSENT),
      )
    }
    return tokensOfKey
  }

  /** The tokens of keys, which are created where there are none; then prefixes that many words share now get one. */
  *create(of: Dictionary, keys: ReadonlySet<string>): Sql<TokensOfKey> {
    const found = yield* this.of(of.dictionary, keys)
    const known = this.#knownOf(of.dictionary)
    const missing = [...keys].filter((key) => known.get(key) === ABSENT)
    if (missing.length === 0) return found
    yield* this.insert(of.dictionary, missing)
    yield* this.#addLongPrefixes(of, missing.filter(isWord))
    return yield* this.of(of.dictionary, keys)
  }

  /** @param keys without a token */
  *insert(dictionary: number, keys: readonly string[]): Sql<ReadonlyMap<string, number>> {
    if (keys.length === 0) return new Map()
    const counted = yield* one<{ last_token: number }>(
      'UPDATE search_dictionaries SET last_token = last_token + ? WHERE dictionary = ? RETURNING last_token',
      ...[keys.length, dictionary],
    )
    const first = counted!.last_token - keys.length + 1
    // In the order of keys: then the entries of one page of the index are written together.
    const tokens = new Map(keys.toSorted().map((key, at) => [key, first + at]))
    yield* insertRows(
      'search_tokens',
      [...tokens].map(([key, token]) => ({ token, dictionary, word_key: key })),
    )
    const known = this.#known.get(dictionary)
    for (const [key, token] of tokens) known?.set(key, token)
    return tokens
  }

  *delete(dictionary: number, tokens: readonly number[]): Sql<void> {
    yield* deleteTokens(dictionary, tokens)
    this.#known.delete(dictionary)
  }

  /** Deletes those of the tokens that have no posting. */
  *deleteUnused(of: Dictionary, tokens: readonly number[]): Sql<void> {
    if (tokens.length === 0) return
    const used = yield* tokensWithPostings(of, tokens)
    yield* this.delete(
      of.dictionary,
      tokens.filter((token) => !used.has(token)),
    )
  }

  #knownOf(dictionary: number): Map<string, number> {
    let known = this.#known.get(dictionary)
    if (known === undefined) {
      known = new Map()
      this.#known.set(dictionary, known)
    }
    return known
  }

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
    const tokens = yield* this.insert(dictionary, [...wanted.keys()])
    yield* copyPostings(of, new Map([...wanted].map(([prefix, words]) => [tokens.get(prefix)!, words])))
  }
}

/** The tokens of the high-frequency texts, by key. */
export function* textTokens(dictionary: number): Sql<ReadonlyMap<string, number>> {
  const keys = yield* keysBetween(dictionary, TEXT_KEYS, Number.MAX_SAFE_INTEGER)
  return new Map(keys.map(({ word_key, token }) => [word_key, token]))
}

/** The tokens of some keys of an image set, each once. */
export function tokensIn(keys: Iterable<string>, tokensOfKey: TokensOfKey): ReadonlySet<number> {
  const all = new Set<number>()
  for (const key of keys) {
    const tokens = tokensOfKey.get(key)
    assert(tokens !== undefined && tokens.length > 0, 'every key of an image set has a token')
    for (const token of tokens) all.add(token)
  }
  return all
}
