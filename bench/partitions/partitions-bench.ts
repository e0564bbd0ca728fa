/**
 * `npm run bench -- partitions`: the batteries of the search benchmark on the same image sets in one partition and in several, and imports by one
 * server and by several.
 */
import { cpus, loadavg } from 'node:os'
import { join } from 'node:path'
import { optionsOf } from '../options.ts'
import { projectFolder } from '../processes.ts'
import { ENGINES, type EngineName } from '../search/build-store.ts'
import { dataSetOf } from '../search/data-set.ts'
import { rounded } from '../search/measure.ts'
import { openDatabases } from '../search/postgres-store.ts'
import { progressBar } from '../search/progress-bar.ts'
import { ROWS_MIN } from '../search/search-bench.ts'
import { measurePublishing, type Publishing } from './measure-publishing.ts'
import { measureSearches, type SearchesMeasured } from './measure-searches.ts'
import { openPartitionedStores, type PartitionedStore, type PartitionFacts } from './partitioned-store.ts'
import { printPartitions } from './print-partitions.ts'

export interface PartitionsBench {
  readonly engine: EngineName
  readonly at: string
  readonly node: string
  readonly cores: number
  /** Of the minute before the measurements, and of the last minute of the searches. */
  readonly load_average: number
  readonly load_average_after: number
  readonly rows: number
  readonly partitions: readonly number[]
  readonly settings: Readonly<Record<string, string>>
  /** In the order of `partitions`. */
  readonly stores: readonly PartitionFacts[]
  readonly searches?: SearchesMeasured
  readonly publishing?: readonly Publishing[]
}

const USAGE = `npm run bench -- partitions [--rows N] [--engine sqlite | postgres [--url postgres://...]] [--partitions 1,4,16] [--seconds S]
                             [--files N] [--servers 1,2,3] [--json]
  --rows N          image sets in the store, 1000 or more (default 100000), or 0 for no searches; built once for each number of partitions
                    in $HILUM_BENCH_CACHE or bench/.cache
  --engine E        sqlite (default), or postgres: a server that is started for it and keeps its data there too
  --url U           of another PostgreSQL server; creates and keeps databases there whose names begin with the name of U's database. If that
                    database has Citus, so have they, on all of its nodes
  --partitions P    numbers of partitions; the results of the first are those that the others must have (default 1,4,16)
  --seconds S       time limit of each of the two rounds of a battery (default 1)
  --files N         image sets that servers import in each turn (default 6000, PostgreSQL only), or 0 for none
  --servers N       numbers of servers that import (default 1,2,3), on one and on four partitions
  --json            one object on stdout`

const PUBLISHED_PARTITIONS = [1, 4]

export async function partitionsBench(args: readonly string[]): Promise<number> {
  const options = partitionsOptions(args)
  if (options === undefined) {
    process.stderr.write(`${USAGE}\n`)
    return 2
  }
  const result = await measureAll(options)
  process.stdout.write(options.json ? `${JSON.stringify(result)}\n` : printPartitions(result))
  return result.searches === undefined || result.searches.different === 0 ? 0 : 1
}

type Options = NonNullable<ReturnType<typeof partitionsOptions>>

/** undefined where the usage does not allow them. */
function partitionsOptions(args: readonly string[]) {
  const options = optionsOf(args, {
    ...{ rows: '100000', engine: 'sqlite', url: '', partitions: '1,4,16', seconds: '1', files: '6000' },
    servers: '1,2,3',
  })
  if (options === undefined) return undefined
  const { url, json } = options
  const [rows, files, capMs] = [Number(options.rows), Number(options.files), Number(options.seconds) * 1000]
  const [partitions, servers] = [options.partitions, options.servers].map((text) => text.split(',').map(Number))
  const engine = ENGINES.find((name) => name === options.engine)
  const isUrlGood = url === '' || (engine === 'postgres' && /^postgres(ql)?:\/\/[^/]+\/\w+/.test(url))
  const areRowsGood = Number.isInteger(rows) && (rows === 0 || rows >= ROWS_MIN)
  const arePartsGood = partitions!.every((each) => Number.isInteger(each) && each > 0)
  const areServersGood = servers!.every((each) => Number.isInteger(each) && each > 0)
  const areFilesGood = Number.isInteger(files) && files >= 0
  if (engine === undefined || !isUrlGood || !areRowsGood || !arePartsGood || !(capMs > 0)) return undefined
  if (!areServersGood || !areFilesGood) return undefined
  return { rows, files, engine, url, capMs, json, partitions: partitions!, servers: servers! }
}

async function measureAll(options: Options): Promise<PartitionsBench> {
  const { rows, engine, partitions, url, capMs, files, servers } = options
  const cacheFolder = process.env.HILUM_BENCH_CACHE ?? join(projectFolder, 'bench', '.cache')
  const place = { engine, cacheFolder, ...(url !== '' && { url }) }
  const progress = progressBar(process.stderr)
  const load = () => rounded(loadavg()[0]!)
  const head = { engine, at: new Date().toISOString(), node: process.version, cores: cpus().length, rows, partitions }
  let searched: Pick<PartitionsBench, 'stores' | 'settings' | 'searches'> = { stores: [], settings: {} }
  let loadBefore = load()
  if (rows > 0) {
    const opened = await openPartitionedStores(place)
    try {
      const dataSet = dataSetOf(rows)
      const stores: PartitionedStore[] = []
      for (const count of partitions) stores.push(await opened.store({ dataSet, partitions: count, progress }))
      loadBefore = load()
      const searches = await measureSearches({
        stores,
        processorMs: opened.processorMs,
        dataSet,
        capMs,
        progress,
      })
      progress('searching', 1)
      searched = { stores: stores.map(({ facts }) => facts), settings: stores[0]!.settings, searches }
    } finally {
      await opened.close()
    }
  }
  const loads = { load_average: loadBefore, load_average_after: load() }
  if (engine === 'sqlite' || files === 0) return { ...head, ...loads, ...searched }
  const databases = await openDatabases(place)
  try {
    const publishing = await measurePublishing({
      databases,
      files,
      servers,
      partitions: PUBLISHED_PARTITIONS,
      progress,
    })
    progress('importing with servers', 1)
    return { ...head, ...loads, ...searched, ...(publishing !== undefined && { publishing }) }
  } finally {
    await databases.close()
  }
}
