/**
 * The hunt for the search that reads the most leaves: searches of chance, and the worst of them changed a little again and again.
 * What it finds lies in worst-searches.jsonl and is asked in every run of the tests; `npm run bench -- hunt` looks for worse.
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

/** Texts and isPrimary have spaces of their own: what is left to compare with leaves is ranges of dates. */
type Range = Extract<Filter, { readonly from: number }>

interface HuntedSearch {
  readonly search: Pick<Search, 'sort'> & { readonly filters: readonly Range[] }
  readonly after: Position | null
  readonly limit: number
}

/** Leaves read in parts of the most that may be: above 1 the bound does not hold. */
interface Burden {
  readonly page: number
  readonly count: number
}

export function burdenOf({ partition }: HuntedStore, { search, after, limit }: HuntedSearch): Burden {
  const leaves = [partition.bounds.count]
  const { leavesVisited } = partition.search(search, { after: after ?? undefined, limit })
  return {
    page: leavesVisited / leavesVisitedMax(leaves, limit),
    count: partition.count(search.filters).leavesRead / leavesCountedMax(leaves),
  }
}

export interface Caught extends HuntedSearch {
  readonly store: string
  readonly kind: keyof Burden
}

export const WORST_SEARCHES = new URL('./worst-searches.jsonl', import.meta.url)

export const readWorstSearches = (): readonly Caught[] =>
  readFileSync(WORST_SEARCHES, 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line))

const KEPT = 12
const KINDS = ['page', 'count'] as const

interface Catch {
  readonly hunted: HuntedSearch
  readonly burden: number
}

/** @returns for pages and for counts the worst that were found, the worst first. */
export function hunt(
  store: HuntedStore,
  options: { readonly searches: number; readonly random: Random; readonly from?: readonly HuntedSearch[] },
): Readonly<Record<keyof Burden, readonly Catch[]>> {
  const { searches, random, from = [] } = options
  const worst: Record<keyof Burden, Catch[]> = { page: [], count: [] }
  for (let asked = 0; asked < searches; asked++) {
    const known = worst[oneOf(KINDS, random)]
    const isNew = known.length === 0 || random() < 0.25
    const hunted =
      asked < from.length
        ? from[asked]!
        : isNew
          ? searchOfChance(store, random)
          : changed(oneOf(known, random).hunted, { store, random })
    const burden = burdenOf(store, hunted)
    for (const kind of KINDS) keep(worst[kind], { hunted, burden: burden[kind] })
  }
  return worst
}

function keep(worst: Catch[], caught: Catch): void {
  if (worst.some(({ burden }) => burden === caught.burden)) return
  worst.push(caught)
  worst.sort((a, b) => b.burden - a.burden)
  if (worst.length > KEPT) worst.pop()
}

const FIELDS: readonly SortField[] = ['createdAt', 'updatedAt', 'DICOMStudyDateAndTime']
/** What the API allows for pages of 1 to 50, and one to know whether there are more. */
const LIMITS = [2, 11, 51]

interface Ground {
  readonly store: HuntedStore
  readonly random: Random
}

function searchOfChance(store: HuntedStore, random: Random): HuntedSearch {
  const ground = { store, random }
  const search = {
    filters: Array.from({ length: 1 + Math.floor(random() * 2) }, () => rangeOfChance(ground)),
    sort: { sortField: oneOf(FIELDS, random), sortOrder: oneOf(['ASC', 'DESC'] as const, random) },
  }
  return { search, after: cursorOfChance(search, ground), limit: oneOf(LIMITS, random) }
}

/** From a date of some image set to that of another, or a window of a millisecond to some years. */
function rangeOfChance({ store, random }: Ground): Range {
  const attribute = oneOf(FIELDS, random)
  const [a, b] = [dateOf(oneOf(store.imageSets, random), attribute), dateOf(oneOf(store.imageSets, random), attribute)]
  if (random() < 0.5) return { attribute, from: Math.min(a, b), to: Math.max(a, b) }
  return { attribute, from: a, to: a + Math.floor(10 ** (random() * 14)) }
}

const cursorOfChance = (search: Search, { store, random }: Ground): Position | null =>
  random() < 0.5 ? null : positionOf(search, oneOf(store.imageSets, random))

const dateOf = (imageSet: SearchableImageSet, field: SortField): number => imageSet[field] ?? 0

const oneOf = <T>(values: readonly T[], random: Random): T => values[Math.floor(random() * values.length)]!

/** The same search but for one thing. */
function changed(hunted: HuntedSearch, ground: Ground): HuntedSearch {
  const { random } = ground
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
      return { ...hunted, after: cursorOfChance(search, ground) }
    case 3:
      return { ...hunted, limit: oneOf(LIMITS, random) }
    case 4:
      return after === null ? hunted : { ...hunted, after: { ...after, seq: Math.max(0, after.seq + step(random)) } }
    case 5:
      return { ...hunted, search: { ...search, filters: filters.with(place, rangeOfChance(ground)) } }
    default: {
      const bounds = random() < 0.5 ? [filter.from + step(random), filter.to] : [filter.from, filter.to + step(random)]
      const moved = { ...filter, from: Math.min(...bounds), to: Math.max(...bounds) }
      return { ...hunted, search: { ...search, filters: filters.with(place, moved) } }
    }
  }
}

/** One, or some years of microseconds, or anything between. */
const step = (random: Random) => Math.floor(10 ** (random() * 14)) * (random() < 0.5 ? -1 : 1)
