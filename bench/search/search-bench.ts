/**
 * `npm run bench -- search`: runs the batteries against the catalog, one search at a time, and against an ordinary table with the database's own
 * planner, and compares the results; then measures writes, and a server on the same store.
 */
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import type { Catalog } from '../../src/stores/catalog/catalog.ts'
import { POSTGRES, SQLITE } from '../../src/stores/sql/engine/differences.ts'
import { optionsOf } from '../options.ts'
import { projectFolder } from '../processes.ts'
import { BATTERIES, type BatteryName, type BenchQuery, batteriesOf, PAGE_ROWS } from './batteries.ts'
import { ENGINES, type EngineName, openStores, type Stores } from './build-store.ts'
import { type BuildFacts, type BuiltStore, DATASTORE_ID, type Progress } from './built-store.ts'
import { type DataSet, dataSetOf } from './data-set.ts'
import { type Answer, measure, rounded, type Times } from './measure.ts'
import { type BoundsFacts, measureBounds } from './measure-bounds.ts'
import { type CountTimes, countQueries, measureCounts } from './measure-counts.ts'
import { measureServer, type ServerTimes } from './measure-server.ts'
import { measureWords, type WordsFacts } from './measure-words.ts'
import { measureWrites, type WriteTimes } from './measure-writes.ts'
import { placeOf } from './places.ts'
import { printTable } from './print-table.ts'
import { progressBar } from './progress-bar.ts'

type ByBattery<T> = Readonly<Record<BatteryName, T>>

interface SearchTimes extends WordsFacts {
  readonly batteries: ByBattery<Times>
  readonly planner: ByBattery<Times>
  /** Searches that both ran, and those with different results. */
  readonly compared: number
  readonly different: number
  readonly count: CountTimes
}

export interface SearchBench extends SearchTimes, Omit<BuildFacts, 'bytes_of'>, WriteTimes, ServerTimes, BoundsFacts {
  readonly rows: number
  readonly engine: EngineName
  readonly node: string
  readonly cores: number
  /** Of the minute before the measurements: above the number of cores, other processes affect the times. */
  readonly load_average: number
  readonly settings: Readonly<Record<string, string>>
  /** The p50 of each battery divided by its p50 on a store of SMALL_ROWS in the same run; left out for small stores. */
  readonly p50_ratio?: ByBattery<number>
  readonly bytes_of: BuildFacts['bytes_of']
}

/** With fewer there are no later pages. */
export const ROWS_MIN = 1_000
export const SMALL_ROWS = 10_000
/** Inserts and updates may each run this many times as long as a battery. */
const WRITES_CAP = 4

const USAGE = `npm run bench -- search --rows N [--engine sqlite | postgres [--url postgres://...]] [--seconds S] [--json]
  --rows N      image sets in the store, 1000 or more (default 100000); built once in $HILUM_BENCH_CACHE or bench/.cache
  --engine E    sqlite (default), or postgres: a server that is started for it and keeps its data there too
  --url U       of another PostgreSQL server; creates and keeps databases there whose names begin with the name of U's database
  --seconds S   time limit of each of the two rounds of a battery (default 5), and statement timeout of PostgreSQL's own planner
  --json        one object on stdout`

export async function searchBench(args: readonly string[]): Promise<number> {
  const options = searchOptions(args)
  if (options === undefined) {
    process.stderr.write(`${USAGE}\n`)
    return 2
  }
  const cacheFolder = process.env.HILUM_BENCH_CACHE ?? join(projectFolder, 'bench', '.cache')
  const { engine, url } = options
  const stores = await openStores({ engine, cacheFolder, ...(url === '' ? {} : { url }) })
  try {
    const result = await measureAll(stores, options)
    process.stdout.write(options.json ? `${JSON.stringify(result)}\n` : printTable(result))
    return result.different + result.count.different === 0 ? 0 : 1
  } finally {
    await stores.close()
  }
}

async function measureAll(stores: Stores, options: Options): Promise<SearchBench> {
  const { rows, engine, capMs } = options
  const progress = progressBar(process.stderr)
  const load = rounded(loadavg()[0]!)
  const small = rows > SMALL_ROWS ? await measureSmall(stores, { engine, capMs, progress }) : undefined
  const dataSet = dataSetOf(rows)
  const store = await stores.store({ dataSet, progress })
  try {
    const bounds = await measureBounds(store)
    const searches = await measureSearches({ store, dataSet, engine, capMs, progress })
    progress('writing', 0)
    const writes = await measureWrites({ store, dataSet, capMs: WRITES_CAP * capMs })
    progress('writing', 1)
    progress('asking over HTTP', 0)
    const server = await measureServer({ store, dataSet, durationMs: Math.min(2_000, capMs) })
    progress('asking over HTTP', 1)
    const { bytes_of, ...facts } = store.facts
    return {
      ...{ rows, engine, node: process.version, cores: cpus().length, load_average: load, settings: store.settings },
      ...searches,
      ...(small === undefined ? {} : { p50_ratio: ratios(searches.batteries, small) }),
      ...facts,
      ...bounds,
      ...writes,
      ...server,
      bytes_of,
    }
  } finally {
    await store.close()
  }
}

type Options = NonNullable<ReturnType<typeof searchOptions>>

/** undefined where the usage does not allow them. */
function searchOptions(args: readonly string[]) {
  const options = optionsOf(args, { rows: '100000', engine: 'sqlite', url: '', seconds: '5' })
  if (options === undefined) return undefined
  const { url, json } = options
  const rows = Number(options.rows)
  const capMs = Number(options.seconds) * 1000
  const engine = ENGINES.find((name) => name === options.engine)
  const isUrlGood = url === '' || (engine === 'postgres' && /^postgres(ql)?:\/\/[^/]+\/\w+/.test(url))
  if (engine === undefined || !isUrlGood || !Number.isInteger(rows) || rows < ROWS_MIN || !(capMs > 0)) return undefined
  return { rows, engine, url, capMs, json }
}

interface Measuring {
  readonly engine: EngineName
  readonly capMs: number
  readonly progress: Progress
}

/** The times of the same searches on a small store. */
async function measureSmall(stores: Stores, { engine, capMs, progress }: Measuring): Promise<ByBattery<Times>> {
  const dataSet = dataSetOf(SMALL_ROWS)
  const store = await stores.store({ dataSet, progress })
  const catalog = await store.openCatalog()
  try {
    const queries = batteriesOf(dataSet)
    const times: Partial<Record<BatteryName, Times>> = {}
    for (const [index, name] of BATTERIES.entries()) {
      progress(`searching ${SMALL_ROWS.toLocaleString('en')}`, index / BATTERIES.length)
      const placed = await withPlaces(queries[name], { store, engine })
      times[name] = (await measure({ queries: placed, ask: (query) => askCatalog(catalog, query), capMs })).times
    }
    return times as ByBattery<Times>
  } finally {
    await catalog.close()
    await store.close()
  }
}

const ratios = (of: ByBattery<Times>, to: ByBattery<Times>) =>
  Object.fromEntries(
    BATTERIES.map((name) => [name, rounded(of[name].p50_ms / to[name].p50_ms)]),
  ) as unknown as ByBattery<number>

async function measureSearches(
  request: Measuring & { readonly store: BuiltStore; readonly dataSet: DataSet },
): Promise<SearchTimes> {
  const { store, dataSet, engine, capMs, progress } = request
  const catalog = await store.openCatalog()
  const ordinary = await store.openOrdinary({ capMs })
  try {
    const queries = batteriesOf(dataSet)
    const batteries: Partial<Record<BatteryName, Times>> = {}
    const planner: Partial<Record<BatteryName, Times>> = {}
    let compared = 0
    let different = 0
    for (const [index, name] of BATTERIES.entries()) {
      progress('searching', index / BATTERIES.length)
      const placed = await withPlaces(queries[name], { store, engine })
      const ours = await measure({ queries: placed, ask: (query) => askCatalog(catalog, query), capMs })
      const theirs = await measure({
        queries: placed,
        ask: async (query) => {
          const rowIds = await ordinary.search(query)
          return rowIds === undefined ? 'stopped' : { rowIds, visited: null }
        },
        capMs,
      })
      batteries[name] = ours.times
      planner[name] = theirs.times
      for (const [at, rowIds] of theirs.answers.slice(0, ours.answers.length).entries()) {
        if (rowIds === undefined) continue
        compared += 1
        if (`${rowIds}` !== `${ours.answers[at]}`) different += 1
      }
    }
    progress('counting', 0)
    const count = await measureCounts({ catalog, ordinary, queries: countQueries(queries), capMs })
    progress('counting', 1)
    const words = await measureWords({ catalog, ordinary, dataSet, capMs, progress })
    return {
      batteries: batteries as ByBattery<Times>,
      planner: planner as ByBattery<Times>,
      compared,
      different,
      count,
      ...words,
    }
  } finally {
    await ordinary.close()
    await catalog.close()
  }
}

export async function withPlaces(
  queries: readonly BenchQuery[],
  { store, engine }: { readonly store: BuiltStore; readonly engine: EngineName },
): Promise<readonly BenchQuery[]> {
  const placed: BenchQuery[] = []
  for (const { page, ...query } of queries) {
    const after = page && (await store.ask(placeOf(query.search, page, engine === 'sqlite' ? SQLITE : POSTGRES)))
    placed.push(after === undefined ? query : { ...query, after })
  }
  return placed
}

export async function askCatalog(catalog: Catalog, { search, after }: BenchQuery): Promise<Answer> {
  const page = await catalog.imageSets.search({
    datastoreId: DATASTORE_ID,
    search,
    ...(after === undefined ? {} : { after }),
    limit: PAGE_ROWS,
  })
  return { rowIds: page.rows.map(({ rowId }) => rowId), visited: page.visited.entries + page.visited.rows }
}
