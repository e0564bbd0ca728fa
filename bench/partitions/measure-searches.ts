/** The batteries of the search benchmark on each number of partitions, one after the other, and their results beside those of the first number. */
import { type Position, positionOf, type Search } from '../../src/imaging/search/search.ts'
import type { Catalog } from '../../src/stores/catalog/catalog.ts'
import { BATTERIES, type BenchQuery, batteriesOf, PAGE_ROWS } from '../search/batteries.ts'
import { DATASTORE_ID, type Progress } from '../search/built-store.ts'
import type { DataSet } from '../search/data-set.ts'
import { measure, type Times } from '../search/measure.ts'
import { countQueries } from '../search/measure-counts.ts'
import { rangedWordQueries, WORD_BATTERY_NAMES, wordQueriesOf } from '../search/word-batteries.ts'
import type { PartitionedStore } from './partitioned-store.ts'

export interface SearchTimes extends Pick<Times, 'p50_ms' | 'p99_ms' | 'max_ms' | 'run' | 'of'> {
  /** Processor time of a search in microseconds: of Hilum, and of a PostgreSQL that was started for the benchmark. */
  readonly hilum_us: number
  readonly database_us: number
}

export interface SearchesMeasured {
  /** By battery, then in the order of the stores. */
  readonly batteries: Readonly<Record<string, readonly SearchTimes[]>>
  /** Results that were compared with those of the first store, and those that differ. */
  readonly compared: number
  readonly different: number
}

interface Battery {
  readonly name: string
  readonly queries: readonly BenchQuery[]
  /** By default the same. */
  readonly warmUp?: readonly BenchQuery[]
  readonly isCounted: boolean
}

export async function measureSearches(options: {
  readonly stores: readonly PartitionedStore[]
  /** Of the database servers. */
  readonly processorMs: () => number
  readonly dataSet: DataSet
  readonly capMs: number
  readonly progress: Progress
}): Promise<SearchesMeasured> {
  const { stores, dataSet, capMs, processorMs, progress } = options
  const catalogs: Catalog[] = []
  const measured: Record<string, SearchTimes[]> = {}
  let [compared, different] = [0, 0]
  try {
    for (const store of stores) catalogs.push(await store.openCatalog())
    const batteries = batteriesFor(dataSet)
    for (const [index, { name, isCounted, ...battery }] of batteries.entries()) {
      progress('searching', index / batteries.length)
      let first: readonly Found[] = []
      let queries: readonly BenchQuery[] = []
      for (const [at, catalog] of catalogs.entries()) {
        queries = await placed(catalog, battery.queries)
        const { times, found } = await timed(catalog, {
          ...{ queries, isCounted, capMs, processorMs },
          ...(battery.warmUp !== undefined && { warmUp: await placed(catalog, battery.warmUp) }),
        })
        measured[name] = [...(measured[name] ?? []), times]
        if (at === 0) first = found
        for (const [number, each] of found.slice(0, first.length).entries()) {
          if (at === 0) continue
          compared += 1
          if (!isSame(first[number]!, each, queries[number]!.after?.key)) different += 1
        }
      }
    }
    return { batteries: measured, compared, different }
  } finally {
    await Promise.all(catalogs.map((catalog) => catalog.close()))
  }
}

function batteriesFor(dataSet: DataSet): readonly Battery[] {
  const queries = batteriesOf(dataSet)
  return [
    ...BATTERIES.map((name) => ({ name, queries: queries[name], isCounted: false })),
    { name: 'totals', queries: countQueries(queries), isCounted: true },
    ...WORD_BATTERY_NAMES.map((name) => ({
      name: `words: ${name}`,
      ...wordQueriesOf(name, dataSet),
      isCounted: false,
    })),
    { name: 'words: totals in ranges', ...rangedWordQueries(dataSet), isCounted: true },
  ]
}

/** With the cursors of deep pages in this store: row ids differ between numbers of partitions. */
async function placed(catalog: Catalog, queries: readonly BenchQuery[]): Promise<readonly BenchQuery[]> {
  const all: BenchQuery[] = []
  for (const { page, ...query } of queries) {
    const after = page && (await placeOf(catalog, query.search, page))
    all.push(after === undefined ? query : { ...query, after })
  }
  return all
}

/** Of each partition: more take longer than a request may wait. */
const ROWS_AT_ONCE = 1_000

/** In a short result the last page counts as the thousandth. Undefined where it is the first page. */
async function placeOf(
  catalog: Catalog,
  search: Search,
  page: NonNullable<BenchQuery['page']>,
): Promise<Position | undefined> {
  const { sort } = search
  const reversed = { ...search, sort: { ...sort, sortOrder: sort.sortOrder === 'ASC' ? 'DESC' : 'ASC' } as const }
  const [by, rowsBefore] = page === 'last' ? [reversed, PAGE_ROWS] : [search, (PAGE_ROWS - 1) * 999]
  let after: Position | undefined
  for (let left = rowsBefore; left > 0; left -= ROWS_AT_ONCE) {
    const limit = Math.min(left, ROWS_AT_ONCE)
    const request = { datastoreId: DATASTORE_ID, search: by, limit }
    const { rows } = await catalog.imageSets.search(after === undefined ? request : { ...request, after })
    if (rows.length < limit) return page === 'thousandth' ? placeOf(catalog, search, 'last') : undefined
    after = positionOf(by, rows.at(-1)!)
  }
  return after
}

/** Sort keys of a page: row ids differ between numbers of partitions. */
interface Found {
  readonly keys: readonly (number | null)[]
  readonly total: number | undefined
}

async function timed(
  catalog: Catalog,
  by: Pick<Battery, 'queries' | 'warmUp' | 'isCounted'> & {
    readonly capMs: number
    readonly processorMs: () => number
  },
): Promise<{ readonly times: SearchTimes; readonly found: readonly Found[] }> {
  let asked: Found[] = []
  let searches = 0
  const ask = async (query: BenchQuery) => {
    searches += 1
    const { rows, total } = await catalog.imageSets.search({
      ...{ datastoreId: DATASTORE_ID, search: query.search, limit: PAGE_ROWS },
      ...(query.after !== undefined && { after: query.after }),
      ...(by.isCounted && { count: 'exact' as const }),
    })
    asked.push({ keys: rows.map((row) => positionOf(query.search, row).key), total })
    return { rowIds: [], visited: null }
  }
  const [database, processor] = [by.processorMs(), process.cpuUsage()]
  const { times } = await measure({ ...by, ask })
  const { user, system } = process.cpuUsage(processor)
  asked = asked.slice(-times.run)
  const { p50_ms, p99_ms, max_ms, run, of } = times
  return {
    times: {
      ...{ p50_ms, p99_ms, max_ms, run, of },
      hilum_us: Math.round((user + system) / searches),
      database_us: Math.round(((by.processorMs() - database) * 1000) / searches),
    },
    found: asked,
  }
}

/**
 * Image sets with equal keys are in another order in another number of partitions. That shows at the cursor, beside which another number of
 * them may remain.
 */
function isSame(one: Found, other: Found, after: number | null | undefined): boolean {
  if (one.total !== other.total) return false
  const beyond = ({ keys }: Found) => keys.filter((key) => key !== after)
  const [a, b] = [beyond(one), beyond(other)]
  const isFull = one.keys.length === PAGE_ROWS || other.keys.length === PAGE_ROWS
  const common = Math.min(a.length, b.length)
  if (!isFull && a.length !== b.length) return false
  return a.slice(0, common).every((key, at) => key === b[at])
}
