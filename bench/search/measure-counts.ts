/** Exact totals for the criteria of all batteries, compared in time and result with the planner's count(*). */
import type { Search } from '../../src/imaging/search/search.ts'
import type { Catalog } from '../../src/stores/catalog/catalog.ts'
import { randomOf, wholeBelow } from '../random.ts'
import { BATTERIES, type BatteryName, type BenchQuery, PAGE_ROWS } from './batteries.ts'
import { DATASTORE_ID } from './built-store.ts'
import { measure, type Times } from './measure.ts'
import type { OrdinaryStore } from './ordinary-store.ts'

const QUERIES = 1_000

export interface CountTimes {
  readonly hilum: Times
  readonly planner: Times
  readonly compared: number
  readonly different: number
}

/** A random sample, the same in every run. */
export function countQueries(batteries: Readonly<Record<BatteryName, readonly BenchQuery[]>>): readonly BenchQuery[] {
  const random = randomOf(300, 0)
  const all = BATTERIES.flatMap((name) => batteries[name])
  return Array.from({ length: QUERIES }, () => ({ search: all[wholeBelow(random, all.length)]!.search }))
}

/** Requested with a first page, as in the API. */
async function totalOf(catalog: Catalog, search: Search): Promise<number> {
  const page = await catalog.imageSets.search({ datastoreId: DATASTORE_ID, search, limit: PAGE_ROWS, count: 'exact' })
  if (page.total === undefined) throw new Error('a first page that was asked for its total has one')
  return page.total
}

export async function measureCounts(request: {
  readonly catalog: Catalog
  readonly ordinary: OrdinaryStore
  readonly queries: readonly BenchQuery[]
  readonly capMs: number
}): Promise<CountTimes> {
  const { catalog, ordinary, queries, capMs } = request
  const ours = await measure({
    queries,
    ask: async ({ search }) => ({ rowIds: [await totalOf(catalog, search)], visited: null }),
    capMs,
  })
  const theirs = await measure({
    queries,
    ask: async ({ search }) => {
      const count = await ordinary.count(search)
      return count === undefined ? 'stopped' : { rowIds: [count], visited: null }
    },
    capMs,
  })
  const pairs = theirs.answers.map((rowIds, at) => [rowIds?.[0], ours.answers[at]?.[0]] as const)
  const both = pairs.filter(([counted, total]) => counted !== undefined && total !== undefined)
  return {
    hilum: ours.times,
    planner: theirs.times,
    compared: both.length,
    different: both.filter(([counted, total]) => counted !== total).length,
  }
}
