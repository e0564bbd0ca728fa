/** The batteries of the search benchmark on each number of partitions, one after the other, and their results beside those of one partition. */
import { type Position, positionOf } from '../../src/imaging/search/search.ts'
import type { Catalog } from '../../src/stores/catalog/catalog.ts'
import { POSTGRES, SQLITE } from '../../src/stores/sql/engine/differences.ts'
import { BATTERIES, type BenchQuery, batteriesOf, PAGE_ROWS } from '../search/batteries.ts'
import type { EngineName } from '../search/build-store.ts'
import { DATASTORE_ID, type Progress } from '../search/built-store.ts'
import type { DataSet } from '../search/data-set.ts'
import { measure, type Times } from '../search/measure.ts'
import { countQueries } from '../search/measure-counts.ts'
import { placeOf } from '../search/places.ts'
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
  /** Results that were compared with those of one partition, and those that differ. */
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

/** @param options.stores the first one has one partition */
export async function measureSearches(options: {
  readonly stores: readonly PartitionedStore[]
  /** Of the database servers. */
  readonly processorMs: () => number
  readonly dataSet: DataSet
  readonly engine: EngineName
  readonly capMs: number
  readonly progress: Progress
}): Promise<SearchesMeasured> {
  const { stores, capMs, processorMs, progress } = options
  const catalogs: Catalog[] = []
  const measured: Record<string, SearchTimes[]> = {}
  let [compared, different] = [0, 0]
  try {
    for (const store of stores) catalogs.push(await store.openCatalog())
    const batteries = await batteriesFor(options)
    for (const [index, { name, isCounted, ...battery }] of batteries.entries()) {
      progress('searching', index / batteries.length)
      let first: readonly Found[] = []
      for (const [at, { placeOf: place }] of stores.entries()) {
        const moved = (query: BenchQuery): BenchQuery =>
          query.after === undefined ? query : { ...query, after: place(query.after) }
        const queries = battery.queries.map(moved)
        const { times, found } = await timed(catalogs[at]!, {
          ...{ queries, isCounted, capMs, processorMs },
          ...(battery.warmUp !== undefined && { warmUp: battery.warmUp.map(moved) }),
        })
        measured[name] = [...(measured[name] ?? []), times]
        if (at === 0) first = found
        for (const [number, each] of found.slice(0, first.length).entries()) {
          if (at === 0) continue
          compared += 1
          if (!isSame(first[number]!, each, battery.queries[number]!.after?.key)) different += 1
        }
      }
    }
    return { batteries: measured, compared, different }
  } finally {
    await Promise.all(catalogs.map((catalog) => catalog.close()))
  }
}

async function batteriesFor(options: {
  readonly stores: readonly PartitionedStore[]
  readonly dataSet: DataSet
  readonly engine: EngineName
}): Promise<readonly Battery[]> {
  const { stores, dataSet, engine } = options
  const [single] = stores
  const placed = async ({ page, ...query }: BenchQuery): Promise<BenchQuery> => {
    const after: Position | undefined =
      page && (await single!.ask(placeOf(query.search, page, engine === 'sqlite' ? SQLITE : POSTGRES)))
    return after === undefined ? query : { ...query, after }
  }
  const queries = batteriesOf(dataSet)
  const pages: Battery[] = []
  for (const name of BATTERIES) {
    const all: BenchQuery[] = []
    for (const query of queries[name]) all.push(await placed(query))
    pages.push({ name, queries: all, isCounted: false })
  }
  return [
    ...pages,
    { name: 'totals', queries: countQueries(queries), isCounted: true },
    ...WORD_BATTERY_NAMES.map((name) => ({
      name: `words: ${name}`,
      ...wordQueriesOf(name, dataSet),
      isCounted: false,
    })),
    { name: 'words: totals in ranges', ...rangedWordQueries(dataSet), isCounted: true },
  ]
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
