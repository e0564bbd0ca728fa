/**
 * `npm run bench -- search`: the batteries of searches against the catalog, one at a time, beside an ordinary table with the
 * database's own planner, which also checks every answer; then what keeping the index costs, and the server on the same store.
 */
import { join } from 'node:path'
import type { Catalog, SearchPage } from '../../src/stores/catalog.ts'
import { openSqliteCatalog } from '../../src/stores/sql/sqlite.ts'
import { optionsOf } from '../options.ts'
import { projectFolder } from '../processes.ts'
import { BATTERIES, type BatteryName, type BenchQuery, batteriesOf, PAGE_ROWS } from './batteries.ts'
import { type BuildFacts, type BuiltStore, buildStore, countedIds, DATASTORE_ID } from './build-store.ts'
import { type DataSet, dataSetOf } from './data-set.ts'
import { type Answer, measure, type Times } from './measure.ts'
import { measureServer, type ServerTimes } from './measure-server.ts'
import { measureWrites, type WriteTimes } from './measure-writes.ts'
import { OrdinaryStore } from './ordinary-store.ts'
import { printTable } from './print-table.ts'
import { progressBar } from './progress-bar.ts'

export interface SearchBench extends Omit<BuildFacts, 'bytes_of'>, WriteTimes, ServerTimes {
  readonly rows: number
  readonly engine: 'sqlite'
  readonly node: string
  readonly batteries: Readonly<Record<BatteryName, Times>>
  readonly planner: Readonly<Record<BatteryName, Times>>
  /** Searches that both were asked, and those that they answered differently. */
  readonly compared: number
  readonly different: number
  readonly bytes_of: BuildFacts['bytes_of']
}

/** Fewer leave nothing to page through. */
const ROWS_MIN = 1_000

const USAGE = `npm run bench -- search --rows N [--engine sqlite] [--seconds S] [--json]
  --rows N      image sets in the store, 1000 or more (default 100000); built once into $HILUM_BENCH_CACHE or bench/.cache
  --engine E    sqlite; postgres is not measured yet
  --seconds S   no battery begins another search after this long, in each of its two rounds (default 5)
  --json        one object on stdout`

export async function searchBench(args: readonly string[]): Promise<number> {
  const options = searchOptions(args)
  if (options === undefined) {
    process.stderr.write(`${USAGE}\n`)
    return 2
  }
  const { rows, capMs, json } = options
  const progress = progressBar(process.stderr)
  const dataSet = dataSetOf(rows)
  const cacheFolder = process.env.HILUM_BENCH_CACHE ?? join(projectFolder, 'bench', '.cache')
  const store = await buildStore({ dataSet, cacheFolder, progress })
  const searches = await measureSearches({ store, dataSet, capMs, progress })
  progress('writing', 0)
  const writes = await measureWrites(store, dataSet)
  progress('asking over HTTP', 0)
  const server = await measureServer({ dataFolder: store.dataFolder, dataSet, durationMs: Math.min(2_000, capMs) })
  progress('asking over HTTP', 1)
  const { bytes_of, ...facts } = store.facts
  const result: SearchBench = {
    rows,
    engine: 'sqlite',
    node: process.version,
    ...searches,
    ...facts,
    ...writes,
    ...server,
    bytes_of,
  }
  process.stdout.write(json ? `${JSON.stringify(result)}\n` : printTable(result))
  return result.different === 0 ? 0 : 1
}

/** undefined where they are not as the usage says. */
function searchOptions(args: readonly string[]) {
  const options = optionsOf(args, { rows: '100000', engine: 'sqlite', seconds: '5' })
  if (options === undefined) return undefined
  const rows = Number(options.rows)
  const capMs = Number(options.seconds) * 1000
  const isGood = Number.isInteger(rows) && rows >= ROWS_MIN && capMs > 0 && options.engine === 'sqlite'
  return isGood ? { rows, capMs, json: options.json } : undefined
}

async function measureSearches(request: {
  readonly store: BuiltStore
  readonly dataSet: DataSet
  readonly capMs: number
  readonly progress: (what: string, done: number) => void
}): Promise<Pick<SearchBench, 'batteries' | 'planner' | 'compared' | 'different'>> {
  const { store, dataSet, capMs, progress } = request
  const catalog = await openSqliteCatalog({ path: store.catalogPath, newId: countedIds() })
  const ordinary = OrdinaryStore.open(store.ordinaryPath)
  try {
    const queries = batteriesOf(dataSet)
    const batteries: Partial<Record<BatteryName, Times>> = {}
    const planner: Partial<Record<BatteryName, Times>> = {}
    let compared = 0
    let different = 0
    for (const [index, name] of BATTERIES.entries()) {
      progress('searching', index / BATTERIES.length)
      const placed = queries[name].map((query) => withPlace(query, ordinary))
      const ours = await measure({ queries: placed, ask: (query) => askCatalog(catalog, query), capMs })
      const theirs = await measure({
        queries: placed,
        ask: (query) => ({ seqs: ordinary.search(query), visited: null }),
        capMs,
      })
      batteries[name] = ours.times
      planner[name] = theirs.times
      const both = Math.min(ours.answers.length, theirs.answers.length)
      compared += both
      different += ours.answers.slice(0, both).filter((seqs, at) => `${seqs}` !== `${theirs.answers[at]}`).length
    }
    progress('searching', 1)
    return {
      batteries: batteries as Record<BatteryName, Times>,
      planner: planner as Record<BatteryName, Times>,
      compared,
      different,
    }
  } finally {
    ordinary.close()
    await catalog.close()
  }
}

function withPlace(query: BenchQuery, ordinary: OrdinaryStore): BenchQuery {
  const after = query.page === undefined ? query.after : ordinary.placeOf(query.search, query.page)
  return { search: query.search, ...(after === undefined ? {} : { after }) }
}

async function askCatalog(catalog: Catalog, { search, after }: BenchQuery): Promise<Answer> {
  const page = await catalog.imageSets.search({
    datastoreId: DATASTORE_ID,
    search,
    ...(after === undefined ? {} : { after }),
    limit: PAGE_ROWS,
  })
  return { seqs: page.rows.map(({ seq }) => seq), visited: visitedBy(page) }
}

const visitedBy = ({ visited }: SearchPage): number => visited.entries
