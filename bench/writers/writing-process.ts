/**
 * A process that publishes image sets into one data store: it records the files, says that it is ready, and publishes batches when it is told
 * to, until its time is over. It opens the catalog of a checkout, so that two commits are measured in one run.
 */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { performance } from 'node:perf_hooks'
import { pathToFileURL } from 'node:url'
import { DEFAULT_LIMITS } from '../../src/default-limits.ts'
import type { Catalog } from '../../src/stores/catalog/catalog.ts'
import { quantile } from '../processes.ts'
import { dataSetOf } from '../search/data-set.ts'
import { BATCH, recorded } from '../search/recorded-files.ts'
import { watchPostgres, watchSqlite } from './watched-locks.ts'

export interface WritingTask {
  /** The folder of the checkout. */
  readonly checkout: string
  readonly place:
    | { readonly engine: 'SQLite'; readonly folder: string }
    | { readonly engine: 'PostgreSQL'; readonly url: string }
  readonly partitions: number
  readonly datastoreId: string
  /** No other process of the run has the number. */
  readonly writer: number
  readonly batches: number
  readonly capMs: number
}

export interface Written {
  readonly imageSets: number
  readonly seconds: number
  readonly processorMs: number
  readonly batch_p50_ms: number
  /** From the lock of the data store's changes to the commit, of a usual transaction; and how many statements it sends. */
  readonly lockedMs: number
  readonly statements: number
}

const LIMITS = {
  ...DEFAULT_LIMITS,
  ...{ catalogReadConnections: 2, catalogWriteConnections: 2, catalogConnectTimeoutMs: 10_000 },
  ...{ catalogStatementTimeoutMs: 60_000, catalogIdleTimeoutMs: 600_000 },
}

/** Of a table without rows PostgreSQL knows nothing: it is analysed after these. */
const WARM_BATCHES = 5

export async function openCatalog({
  checkout,
  place,
  partitions,
}: Pick<WritingTask, 'checkout' | 'place' | 'partitions'>): Promise<Catalog> {
  const { openCatalog: open } = await import(pathToFileURL(join(checkout, 'src/server/open-stores.ts')).href)
  const [catalog, dataFolder] = place.engine === 'PostgreSQL' ? [place.url, tmpdir()] : [undefined, place.folder]
  return await open({ dataFolder, catalog, partitions, limits: LIMITS, allowPlainPostgresql: true })
}

if (process.argv[1] === import.meta.filename) await write(JSON.parse(process.argv[2]!))

async function write(task: WritingTask): Promise<void> {
  const { checkout, place, writer, batches, capMs, datastoreId } = task
  const watch = place.engine === 'SQLite' ? await watchSqlite(checkout) : await watchPostgres(checkout)
  const catalog = await openCatalog(task)
  const dataSet = dataSetOf(1_000_000)
  const imageSets = Array.from({ length: batches * BATCH }, (_, at) =>
    dataSet.imageSet(1_000_000 + writer * batches * BATCH + at),
  )
  const from = { datastoreId, job: `job of writer ${writer} ${process.pid}`, imageSets }
  const { lease, groups, documents } = await recorded(catalog, from)
  const publish = (at: number) => catalog.importJobs.publish(lease, groups.slice(at, at + BATCH), Date.now(), documents)
  const warm = WARM_BATCHES * BATCH
  for (let at = 0; at < warm; at += BATCH) await publish(at)
  process.send!('ready')
  const [go] = await once(process, 'message')
  assert.equal(go, 'go')
  watch.begin()
  const [startedAt, cpu] = [performance.now(), process.cpuUsage()]
  const times: number[] = []
  for (let at = warm; at < groups.length && performance.now() - startedAt < capMs; at += BATCH) {
    const batchFrom = performance.now()
    await publish(at)
    times.push(performance.now() - batchFrom)
  }
  const { user, system } = process.cpuUsage(cpu)
  const written: Written = {
    imageSets: times.length * BATCH,
    seconds: (performance.now() - startedAt) / 1000,
    processorMs: (user + system) / 1000,
    batch_p50_ms: quantile(
      times.toSorted((a, b) => a - b),
      0.5,
    ),
    ...watch.end(),
  }
  process.send!(written)
  await once(process, 'message')
  await catalog.close()
  process.disconnect()
}
