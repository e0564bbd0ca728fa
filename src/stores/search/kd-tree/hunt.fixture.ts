/**
 * A search for counterexamples to the bounds: random searches, and small mutations of the worst of them. What it has found is in
 * worst-searches.jsonl and repeated in every test run; `npm run bench -- hunt` searches longer.
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
import { leavesCountedMax, leavesVisitedMax } from './sizes.ts'

/** Partitions guarantee texts and isPrimary: only ranges of dates are compared with leaves. */
type Range = Extract<Filter, { readonly from: number }>

interface HuntedSearch {
  readonly search: Pick<Search, 'sort'> & { readonly filters: readonly Range[] }
  readonly after: Position | null
  readonly limit: number
}

/** Leaves read, divided by the bound: above 1 the bound does not hold. */
interface BoundShare {
  readonly page: number
  readonly count: number
}

export function boundShareOf({ partition }: HuntedStore, { search, after, limit }: HuntedSearch): BoundShare {
  const leaves = [partition.bounds.count]
  const { leavesVisited } = partition.search(search, { after: after ?? undefined, limit })
  return {
    page: leavesVisited / leavesVisitedMax(leaves, limit),
    count: partition.count(search.filters).leavesRead / leavesCountedMax(leaves),
  }
}

export interface WorstSearch extends HuntedSearch {
  readonly store: string
  readonly kind: keyof BoundShare
}

export const WORST_SEARCHES = new URL('./worst-searches.jsonl', import.meta.url)

export const readWorstSearches = (): readonly WorstSearch[] =>
  readFileSync(WORST_SEARCHES, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))

const KEPT = 12
const KINDS = ['page', 'count'] as const

interface Found {
  readonly hunted: HuntedSearch
  readonly boundShare: number
}

/** @returns the worst searches for pages and for totals, the worst first. */
export function hunt(
  store: HuntedStore,
  options: { readonly searches: number; readonly random: Random; readonly from?: readonly HuntedSearch[] },
): Readonly<Record<keyof BoundShare, readonly Found[]>> {
  const { searches, random, from = [] } = options
  const worst: Record<keyof BoundShare, Found[]> = { page: [], count: [] }
  for (let tried = 0; tried < searches; tried++) {
    const known = worst[oneOf(KINDS, random)]
    const isNew = known.length === 0 || random() < 0.25
    const hunted =
      tried < from.length
        ? from[tried]!
        : isNew
          ? randomSearch(store, random)
          : mutated(oneOf(known, random).hunted, { store, random })
    const boundShare = boundShareOf(store, hunted)
    for (const kind of KINDS) keep(worst[kind], { hunted, boundShare: boundShare[kind] })
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

function randomSearch(store: HuntedStore, random: Random): HuntedSearch {
  const context = { store, random }
  const search = {
    filters: Array.from({ length: 1 + Math.floor(random() * 2) }, () => randomRange(context)),
    sort: { sortField: oneOf(FIELDS, random), sortOrder: oneOf(['ASC', 'DESC'] as const, random) },
  }
  return { search, after: randomCursor(search, context), limit: oneOf(LIMITS, random) }
}

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
function mutated(hunted: HuntedSearch, context: Context): HuntedSearch {
  const { random } = context
  const { search, after } = hunted
  const { sort, filters } = search
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
