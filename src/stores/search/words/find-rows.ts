/**
 * The image sets that match all terms of a search, as they are now: the tokens of each term, their postings chunk by chunk, and the tail. A
 * term has at most `prefixWordsMax` tokens for each spelling, or `patternMatchesMax` for a pattern.
 */
import type { Term } from '../../../imaging/search/terms.ts'
import { matchesPattern } from '../../../imaging/search/words.ts'
import { PatternTooBroad } from '../../catalog/search-repository.ts'
import type { Sql } from '../../sql/engine/statement.ts'
import type { IndexSizes } from '../kd-tree/sizes.ts'
import { dictionaryOf, keysBetween, tokensOf } from './dictionary.ts'
import { decodeOffsets, intersection, type Offsets, union } from './offsets.ts'
import { type Posting, postingsOf } from './postings.ts'
import { RowSet } from './row-set.ts'
import { wholeTail } from './tail.ts'
import { charactersOf, type Wanted, wantedOf, wordsFrom } from './word-keys.ts'

interface RowsFound {
  readonly rows: RowSet
  /** How many tokens and postings were read. */
  readonly tokens: number
  readonly postings: number
}

const NONE: RowsFound = { rows: new RowSet(new Map()), tokens: 0, postings: 0 }

/** @throws PatternTooBroad */
export function* rowsWithTerms(datastore: number, terms: readonly Term[], sizes: IndexSizes): Sql<RowsFound> {
  const of = yield* dictionaryOf(datastore)
  if (of === undefined) return NONE
  const tokensOfTerms = yield* tokensOfAll(of.dictionary, terms, sizes)
  const tokens = new Set(tokensOfTerms.flat())
  if (tokensOfTerms.some((some) => some.length === 0)) return { ...NONE, tokens: tokens.size }
  const postings = yield* postingsOf(of, tokens)
  const chunks = new Map<number, Offsets>()
  for (const [chunk, those] of Map.groupBy(postings, (posting) => posting.chunk)) {
    const found = offsetsInChunk(those, tokensOfTerms)
    if (found !== undefined) chunks.set(chunk, found)
  }
  const inTail = [...(yield* wholeTail(of.dictionary))]
    .filter(([, held]) => tokensOfTerms.every((some) => some.some((token) => held.has(token))))
    .map(([rowId]) => rowId)
  return { rows: new RowSet(chunks).with(inTail), tokens: tokens.size, postings: postings.length }
}

function offsetsInChunk(
  postings: readonly Posting[],
  tokensOfTerms: readonly (readonly number[])[],
): Offsets | undefined {
  const byToken = new Map(postings.map(({ token, offsets }) => [token, offsets]))
  let found: Offsets | undefined
  for (const tokens of tokensOfTerms) {
    const parts = tokens.flatMap((token) => {
      const bytes = byToken.get(token)
      return bytes === undefined ? [] : [decodeOffsets(bytes)]
    })
    if (parts.length === 0) return undefined
    const ofTerm = union(parts)
    found = found === undefined ? ofTerm : intersection(found, ofTerm)
  }
  return found
}

function* tokensOfAll(
  dictionary: number,
  terms: readonly Term[],
  sizes: IndexSizes,
): Sql<readonly (readonly number[])[]> {
  const wanted = terms.map(wantedOf)
  const keys = wanted.flat().flatMap((each) => (each.kind === 'pattern' ? [] : [each.key]))
  const known = yield* tokensOf(dictionary, keys)
  const all: number[][] = []
  for (const some of wanted) {
    const tokens: number[] = []
    for (const each of some) {
      const token = each.kind === 'pattern' ? undefined : known.get(each.key)
      if (token !== undefined) tokens.push(token)
      else if (each.kind === 'prefix') tokens.push(...(yield* tokensOfPrefix(dictionary, each.key, sizes)))
      else if (each.kind === 'pattern') tokens.push(...(yield* tokensOfPattern(dictionary, each, sizes)))
    }
    all.push([...new Set(tokens)])
  }
  return all
}

/** A prefix without a token has few words. */
function* tokensOfPrefix(dictionary: number, key: string, { prefixWordsMax }: IndexSizes): Sql<readonly number[]> {
  const words = yield* keysBetween(dictionary, wordsFrom(key), prefixWordsMax)
  return words.map(({ token }) => token)
}

function* tokensOfPattern(
  dictionary: number,
  { key, pattern }: Extract<Wanted, { readonly kind: 'pattern' }>,
  { patternWordsMax, patternMatchesMax }: IndexSizes,
): Sql<readonly number[]> {
  const words = yield* keysBetween(dictionary, wordsFrom(key), patternWordsMax + 1)
  if (words.length > patternWordsMax) throw new PatternTooBroad()
  const matching = words.filter(({ word_key }) => matchesPattern(pattern, charactersOf(word_key)))
  if (matching.length > patternMatchesMax) throw new PatternTooBroad()
  return matching.map(({ token }) => token)
}
