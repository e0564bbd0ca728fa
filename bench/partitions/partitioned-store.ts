/**
 * A store whose image sets are spread over partitions, built once for each number of them: opened as a server opens it, and filled like the
 * store of the search benchmark.
 */
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DEFAULT_LIMITS } from '../../src/default-limits.ts'
import { lockDataFolder } from '../../src/server/data-folder.ts'
import { openCatalog } from '../../src/server/open-stores.ts'
import type { Catalog } from '../../src/stores/catalog/catalog.ts'
import { POSTGRES, SQLITE } from '../../src/stores/sql/engine/differences.ts'
import { processorOfPostgres, serversAt } from '../postgres-processor.ts'
import type { EngineName } from '../search/build-store.ts'
import { type BuildFacts, createBenchDatastore, kindOf, type Progress } from '../search/built-store.ts'
import type { DataSet } from '../search/data-set.ts'
import { fillPostgres, settlePostgres } from '../search/fill-postgres.ts'
import {
  builtOnce,
  connected,
  type Databases,
  openDatabases,
  settings as postgresSettings,
} from '../search/postgres-store.ts'
import { fillSqlite, settings as sqliteSettings } from '../search/sqlite-store.ts'
import { createLike, nodesOf } from './citus-database.ts'
import { type DataSetPart, partsOf } from './partitioned-data-set.ts'

/** Raised with every change of how a store is built. */
const BUILT_VERSION = 1

export interface PartitionFacts {
  readonly load_rows_per_s: number
  readonly index_s: number
  readonly bytes_per_image_set: number
  readonly index_bytes_per_image_set: number
  /** Image sets of the smallest and of the largest partition. */
  readonly smallest: number
  readonly largest: number
}

export interface PartitionedStore {
  readonly facts: PartitionFacts
  readonly settings: Readonly<Record<string, string>>
  openCatalog(): Promise<Catalog>
}

export interface PartitionedStores {
  store(request: {
    readonly dataSet: DataSet
    readonly partitions: number
    readonly progress: Progress
  }): Promise<PartitionedStore>
  /** Of the database servers, as far as they are on this machine. */
  processorMs(): number
  close(): Promise<void>
}

/** @returns what measures the processor time of the server, or of the nodes of Citus */
export async function processorIn(databases: Databases): Promise<() => number> {
  const nodes = await nodesOf(databases)
  const urls = nodes.length === 0 ? [databases.urlOf('postgres')] : nodes.map(({ urlOf }) => urlOf('postgres'))
  const servers = await serversAt(urls)
  return () => processorOfPostgres(servers)
}

type Request = Parameters<PartitionedStores['store']>[0]

/** @param options.url of a PostgreSQL server; without it one is started. */
export async function openPartitionedStores(options: {
  readonly engine: EngineName
  readonly cacheFolder: string
  readonly url?: string
}): Promise<PartitionedStores> {
  const { engine, cacheFolder } = options
  if (engine === 'sqlite') {
    return { store: (request) => sqliteStore(request, cacheFolder), processorMs: () => 0, close: async () => {} }
  }
  const databases = await openDatabases(options)
  return {
    store: (request) => postgresStore(request, { databases, cacheFolder }),
    processorMs: await processorIn(databases),
    close: databases.close,
  }
}

async function sqliteStore({ dataSet, partitions, progress }: Request, cacheFolder: string): Promise<PartitionedStore> {
  const parts = partsOf(dataSet, partitions)
  const kind = kindOf(SQLITE, BUILT_VERSION)
  const folder = join(cacheFolder, `sqlite-${dataSet.size}-in-${partitions}-${kind}`)
  const open = (dataFolder: string) => openIn({ dataFolder, catalog: undefined }, partitions)
  if (!existsSync(folder)) {
    const building = join(cacheFolder, `building-${process.pid}`)
    try {
      const dataFolder = join(building, 'data')
      await mkdir(dataFolder, { recursive: true })
      const lock = await lockDataFolder(dataFolder)
      const catalog = await open(dataFolder)
      await createBenchDatastore(catalog)
      await catalog.close()
      await lock.release()
      const files = (await readdir(dataFolder)).filter((name) => /^catalog.*\.sqlite$/.test(name))
      const facts = await filledParts(parts, (part, at) =>
        fillSqlite(join(dataFolder, named(files, at)), { dataSet: part, progress }),
      )
      await writeFile(join(building, 'facts.json'), JSON.stringify(facts))
      await rename(building, folder)
    } finally {
      await rm(building, { recursive: true, force: true })
    }
  }
  const dataFolder = join(folder, 'data')
  const path = join(dataFolder, 'catalog.sqlite')
  return {
    facts: JSON.parse(await readFile(join(folder, 'facts.json'), 'utf8')),
    settings: sqliteSettings(path),
    openCatalog: () => open(dataFolder),
  }
}

async function postgresStore(
  { dataSet, partitions, progress }: Request,
  { databases, cacheFolder }: { readonly databases: Databases; readonly cacheFolder: string },
): Promise<PartitionedStore> {
  const parts = partsOf(dataSet, partitions)
  const { prefix, urlOf } = databases
  const name = `${prefix}_${dataSet.size}_in_${partitions}_${kindOf(POSTGRES, BUILT_VERSION)}`
  const open = () => openIn({ dataFolder: cacheFolder, catalog: urlOf(name) }, partitions)
  const facts = await builtOnce<PartitionFacts>(databases, name, {
    create: (created) => createLike(databases, created),
    async build(url) {
      const catalog = await open()
      await createBenchDatastore(catalog)
      await catalog.close()
      return connected(url, async (client) => {
        const found = await client.query<{ name: string }>(
          `SELECT nspname AS name FROM pg_namespace WHERE nspname = 'public' OR nspname ~ '^hilum_' ORDER BY nspname`,
        )
        const schemas = found.rows.map((row) => row.name)
        const filled = await filledParts(parts, async (part, at) => {
          await client.query(`SET search_path = ${named(schemas, at)}`)
          return fillPostgres(client, { dataSet: part, progress })
        })
        await settlePostgres(client, progress)
        return filled
      })
    },
  })
  return {
    facts,
    settings: await connected(urlOf(name), postgresSettings),
    openCatalog: open,
  }
}

/** The file or schema of a partition: that of the control catalog has no number. */
function named(names: readonly string[], partition: number): string {
  const found = names.find((name) => Number(/\d+/.exec(name)?.[0] ?? 0) === partition)
  if (found === undefined) throw new Error(`there is no partition ${partition} among ${names.join(', ')}`)
  return found
}

const openIn = (place: { readonly dataFolder: string; readonly catalog: string | undefined }, partitions: number) =>
  openCatalog({ ...place, partitions, limits: DEFAULT_LIMITS, allowPlainPostgresql: true })

async function filledParts(
  parts: readonly DataSetPart[],
  fill: (dataSet: DataSet, partition: number) => Promise<BuildFacts>,
): Promise<PartitionFacts> {
  const filled: { readonly rows: number; readonly facts: BuildFacts }[] = []
  for (const { number, dataSet } of parts) filled.push({ rows: dataSet.size, facts: await fill(dataSet, number) })
  const rows = filled.reduce((sum, each) => sum + each.rows, 0)
  const mean = (of: (facts: BuildFacts) => number) =>
    Math.round((filled.reduce((sum, each) => sum + of(each.facts) * each.rows, 0) / rows) * 10) / 10
  const sizes = filled.map((each) => each.rows)
  return {
    load_rows_per_s: Math.round(mean((facts) => facts.load_rows_per_s)),
    index_s: Math.round(filled.reduce((sum, each) => sum + each.facts.index_s, 0) * 10) / 10,
    bytes_per_image_set: mean((facts) => facts.bytes_per_image_set),
    index_bytes_per_image_set: mean((facts) => facts.index_bytes_per_image_set),
    ...{ smallest: Math.min(...sizes), largest: Math.max(...sizes) },
  }
}
