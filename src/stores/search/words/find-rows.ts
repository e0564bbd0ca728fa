/**
 * The image sets that match all terms and texts of a search, as they are now: the tokens of each, their postings chunk by chunk, and the tail. A
 * term has at most `prefixWordsMax` tokens for each spelling, or `patternMatchesMax` for a pattern.
 */
import { matchesSpelled, type Term } from '../../../imaging/search/terms.ts'
import { PatternTooBroad } from '../../catalog/search-repository.ts'
import type { Dialect } from '../../sql/engine/differences.ts'
import type { Sql } from '../../sql/engine/statement.ts'
import type { Text } from '../../sql/rows/search-columns.ts'
import type { IndexSizes } from '../kd-tree/sizes.ts'
import type { CachedWords, SealedHits } from './cached-words.ts'
import { countKeys, type Dictionary, dictionaryOf, keysBetween, keysMatching, tokensOf } from './dictionary.ts'
import { decodeOffsets, intersection, type Offsets, union } from './offsets.ts'
import { type Posting, postingsOf } from './postings.ts'
import { RowSet } from './row-set.ts'
import { keyOfText, patternOfKeys, type Wanted, wantedOf, wordsFrom } from './word-keys.ts'

/** The words that a search compares, and texts that are high-frequency. */
export interface WantedWords {
  readonly terms: readonly Term[]
  readonly texts: readonly Text[]
}

interface Searched {
  readonly datastore: number
  readonly datastoreId: string
  /** The last change that the transaction sees. */
  readonly latest: number
  readonly dialect: Dialect
  readonly sizes: IndexSizes
  readonly words: CachedWords
}

const NONE: SealedHits = { rows: new RowSet(new Map()), tokens: 0, postings: 0 }

export interface RowsFound extends SealedHits {
  /** How many image sets of the tail were compared. */
  readonly compared: number
}

/** @throws PatternTooBroad */
export function* rowsWith(wanted: WantedWords, searched: Searched): Sql<RowsFound> {
  const { datastore, datastoreId, words } = searched
  const of = yield* dictionaryOf(datastore)
  if (of === undefined) return { ...NONE, compared: 0 }
  const name = JSON.stringify([of.dictionary, of.changedIn, wanted])
  const cached = words.hits(name)
  const sealed = cached ?? (yield* sealedRows(of, wanted, searched))
  if (cached === undefined) words.keepHits(name, { ...sealed, datastoreId })
  const newest: number[] = []
  const tail = yield* words.tail(of, searched)
  for (const { rowId, texts, spellings } of tail) {
    const matches =
      wanted.texts.every(({ attribute, equals }) => texts[attribute] === equals) &&
      matchesSpelled(wanted.terms, spellings)
    // One whose postings are written already may be among the others.
    if (matches && !sealed.rows.has(rowId)) newest.push(rowId)
  }
  return { ...sealed, rows: sealed.rows.with(newest), compared: tail.length }
}

type Bounded = Pick<Searched, 'sizes' | 'dialect'>

function* sealedRows(of: Dictionary, wanted: WantedWords, bounded: Bounded): Sql<SealedHits> {
  const every = yield* tokensOfAll(of.dictionary, wanted, bounded)
  const tokens = new Set(every.flat())
  if (every.some((some) => some.length === 0)) return { ...NONE, tokens: tokens.size }
  const postings = yield* postingsOf(of, tokens)
  const chunks = new Map<number, Offsets>()
  for (const [chunk, those] of Map.groupBy(postings, (posting) => posting.chunk)) {
    const found = offsetsInChunk(those, every)
    if (found !== undefined) chunks.set(chunk, found)
  }
  return { rows: new RowSet(chunks), tokens: tokens.size, postings: postings.length }
}

function offsetsInChunk(
  postings: readonly Posting[],
  tokensOfWanted: readonly (readonly number[])[],
): Offsets | undefined {
  const byToken = new Map(postings.map(({ token, offsets }) => [token, offsets]))
  const every = tokensOfWanted.map((tokens) => tokens.flatMap((token) => byToken.get(token) ?? []))
  if (every.some((parts) => parts.length === 0)) return undefined
  // The shortest first: it limits what is compared of the others.
  const inOrder = every.toSorted((a, b) => bytesIn(a) - bytesIn(b))
  let found: Offsets | undefined
  for (const parts of inOrder) {
    const some = union(parts.map(decodeOffsets))
    found = found === undefined ? some : intersection(found, some)
    if (found.length === 0) return undefined
  }
  return found
}

const bytesIn = (parts: readonly Uint8Array[]): number => parts.reduce((sum, { byteLength }) => sum + byteLength, 0)

/** The tokens of each term and of each text. */
function* tokensOfAll(
  dictionary: number,
  { terms, texts }: WantedWords,
  bounded: Bounded,
): Sql<readonly (readonly number[])[]> {
  const wanted: readonly (readonly Wanted[])[] = [
    ...terms.map(wantedOf),
    ...texts.map((text) => [{ kind: 'key', key: keyOfText(text) } as const]),
  ]
  const keys = wanted.flat().flatMap((each) => (each.kind === 'pattern' ? [] : [each.key]))
  const known = yield* tokensOf(dictionary, keys)
  const all: number[][] = []
  for (const some of wanted) {
    const tokens: number[] = []
    for (const each of some) {
      const token = each.kind === 'pattern' ? undefined : known.get(each.key)
      if (token !== undefined) tokens.push(token)
      else if (each.kind === 'prefix') tokens.push(...(yield* tokensOfPrefix(dictionary, each.key, bounded.sizes)))
      else if (each.kind === 'pattern') tokens.push(...(yield* tokensOfPattern(dictionary, each, bounded)))
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
  { sizes: { patternWordsMax, patternMatchesMax }, dialect }: Bounded,
): Sql<readonly number[]> {
  const range = wordsFrom(key)
  if ((yield* countKeys(dictionary, range, patternWordsMax + 1)) > patternWordsMax) throw new PatternTooBroad()
  const matching = yield* keysMatching(dictionary, range, {
    pattern: patternOfKeys(key, pattern),
    dialect,
    limit: patternMatchesMax + 1,
  })
  if (matching.length > patternMatchesMax) throw new PatternTooBroad()
  return matching.map(({ token }) => token)
}
