/**
 * A search for counterexamples to the bounds: random searches, and small mutations of the worst of them. What it has found is in
 * worst-searches.jsonl and repeated in every test run; `npm run bench -- hunt` searches longer. Some searches are by words.
 */
import { readFileSync } from 'node:fs'
import type { SortField } from '../../../contract/search-attributes.ts'
import {
  type Filter,
  type Position,
  positionOf,
  type Search,
  type SearchableImageSet,
} from '../../../imaging/search/search.ts'
import type { HuntedStore, Random } from './hunted-stores.fixture.ts'
import { type HuntedWords, mutatedWords, randomWords, rowsOfWords } from './hunted-words.fixture.ts'
import { leavesCountedMax, leavesVisitedMax, wordLeavesVisitedMax } from './sizes.ts'

/** Partitions guarantee texts and isPrimary: only ranges of dates are compared with leaves. */
type Range = Extract<Filter, { readonly from: number }>

interface HuntedSearch {
  readonly search: Pick<Search, 'sort'> & { readonly filters: readonly Range[] }
  readonly after: Position | null
  readonly limit: number
  /** Which image sets have the words that it asks for, if it asks for any. */
  readonly words?: HuntedWords
}

/** Pages and totals of searches without words and of those by words: each has its own bound, or its own way to count. */
const KINDS_WITHOUT_WORDS = ['page', 'count'] as const
export const KINDS = [...KINDS_WITHOUT_WORDS, 'page by words', 'count by words'] as const
export type Kind = (typeof KINDS)[number]

/** Leaves read, divided by the bound: above 1 the bound does not hold. */
type BoundShares = Readonly<Partial<Record<Kind, number>>>

export function boundSharesOf(store: HuntedStore, hunted: HuntedSearch): BoundShares {
  const { partition } = store
  const { search, limit, words } = hunted
  const leaves = [partition.bounds.count]
  const page = { after: hunted.after ?? undefined, limit }
  if (words === undefined) {
    return {
      page: partition.search(search, page).leavesVisited / leavesVisitedMax(leaves, limit),
      count: partition.leavesToCount(search.filters).length / leavesCountedMax(leaves),
    }
  }
  const rows = rowsOfWords(words, { store, search, after: hunted.after })
  return {
    'page by words':
      partition.searchWords(search, { ...page, rows }).leavesVisited / wordLeavesVisitedMax(leaves, limit),
    'count by words': partition.leavesToCount(search.filters, rows).length / leavesCountedMax(leaves),
  }
}

export interface WorstSearch extends HuntedSearch {
  readonly store: string
  readonly kind: Kind
}

export const WORST_SEARCHES = new URL('./worst-searches.jsonl', import.meta.url)

export const readWorstSearches = (): readonly WorstSearch[] =>
  readFileSync(WORST_SEARCHES, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))

const KEPT = 12

interface Found {
  readonly hunted: HuntedSearch
  readonly boundShare: number
}

type Worst = Readonly<Record<Kind, readonly Found[]>>

/**
 * @param options.byWords the share of searches by words, which take longer
 * @returns the worst searches of each kind, the worst first.
 */
export function hunt(
  store: HuntedStore,
  options: {
    readonly searches: number
    readonly byWords: number
    readonly random: Random
    readonly from?: readonly HuntedSearch[]
  },
): Worst {
  const { searches, byWords, random, from = [] } = options
  const worst: Record<Kind, Found[]> = { page: [], count: [], 'page by words': [], 'count by words': [] }
  for (let tried = 0; tried < searches; tried++) {
    const isByWords = random() < byWords
    const known = worst[oneOf(isByWords ? KINDS : KINDS_WITHOUT_WORDS, random)]
    const isNew = known.length === 0 || random() < 0.25
    const hunted =
      tried < from.length
        ? from[tried]!
        : isNew
          ? randomSearch({ store, random }, isByWords)
          : mutated(oneOf(known, random).hunted, { store, random }, isByWords)
    const boundShares = boundSharesOf(store, hunted)
    for (const kind of KINDS) {
      const boundShare = boundShares[kind]
      if (boundShare !== undefined) keep(worst[kind], { hunted, boundShare })
    }
  }
  return worst
}

function keep(worst: Found[], found: Found): void {
  if (worst.some(({ boundShare }) => boundShare === found.boundShare)) return
  worst.push(found)
  worst.sort((a, b) => b.boundShare - a.boundShare)
  if (worst.length > KEPT) worst.pop()
}

const FIELDS: readonly SortField[] = ['createdAt', 'updatedAt', 'DICOMStudyDateAndTime']
/** Page sizes of 1, 10 and 50, and one row more. */
const LIMITS = [2, 11, 51]

interface Context {
  readonly store: HuntedStore
  readonly random: Random
}

function randomSearch(context: Context, isByWords: boolean): HuntedSearch {
  const { random } = context
  const search = {
    filters: Array.from({ length: 1 + Math.floor(random() * 2) }, () => randomRange(context)),
    sort: { sortField: oneOf(FIELDS, random), sortOrder: oneOf(['ASC', 'DESC'] as const, random) },
  }
  const hunted = { search, after: randomCursor(search, context), limit: oneOf(LIMITS, random) }
  return isByWords ? { ...hunted, words: randomWords(chanceOf(context)) } : hunted
}

const chanceOf = (context: Context) => ({
  random: context.random,
  store: context.store,
  randomRange: () => randomRange(context),
  oneOf: <T>(values: readonly T[]): T => oneOf(values, context.random),
})

/** Between the dates of two image sets, or a window of a millisecond to a few years. */
function randomRange({ store, random }: Context): Range {
  const attribute = oneOf(FIELDS, random)
  const [a, b] = [dateOf(oneOf(store.imageSets, random), attribute), dateOf(oneOf(store.imageSets, random), attribute)]
  if (random() < 0.5) return { attribute, from: Math.min(a, b), to: Math.max(a, b) }
  return { attribute, from: a, to: a + Math.floor(10 ** (random() * 14)) }
}

const randomCursor = (search: Search, { store, random }: Context): Position | null =>
  random() < 0.5 ? null : positionOf(search, oneOf(store.imageSets, random))

const dateOf = (imageSet: SearchableImageSet, field: SortField): number => imageSet[field] ?? 0

const oneOf = <T>(values: readonly T[], random: Random): T => values[Math.floor(random() * values.length)]!

/** Changes one thing of a search. */
function mutated(hunted: HuntedSearch, context: Context, isByWords: boolean): HuntedSearch {
  const { random } = context
  const { search, after } = hunted
  const { sort, filters } = search
  const { words } = hunted
  if (isByWords && (words === undefined || random() < 0.4)) {
    const chance = chanceOf(context)
    return { ...hunted, words: words === undefined ? randomWords(chance) : mutatedWords(words, chance) }
  }
  const place = Math.floor(random() * filters.length)
  const filter = filters[place]!
  switch (Math.floor(random() * 8)) {
    case 0:
      return { ...hunted, search: { ...search, sort: { ...sort, sortField: oneOf(FIELDS, random) } }, after: null }
    case 1:
      return {
        ...hunted,
        search: { ...search, sort: { ...sort, sortOrder: sort.sortOrder === 'ASC' ? 'DESC' : 'ASC' } },
      }
    case 2:
      return { ...hunted, after: randomCursor(search, context) }
    case 3:
      return { ...hunted, limit: oneOf(LIMITS, random) }
    case 4:
      return after === null
        ? hunted
        : { ...hunted, after: { ...after, rowId: Math.max(0, after.rowId + step(random)) } }
    case 5:
      return { ...hunted, search: { ...search, filters: filters.with(place, randomRange(context)) } }
    default: {
      const bounds = random() < 0.5 ? [filter.from + step(random), filter.to] : [filter.from, filter.to + step(random)]
      const moved = { ...filter, from: Math.min(...bounds), to: Math.max(...bounds) }
      return { ...hunted, search: { ...search, filters: filters.with(place, moved) } }
    }
  }
}

/** From one microsecond to a few years. */
const step = (random: Random) => Math.floor(10 ** (random() * 14)) * (random() < 0.5 ? -1 : 1)
