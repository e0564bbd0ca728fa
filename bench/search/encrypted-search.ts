/** What an encrypted catalog costs searches: each search of the batteries on the store, plain and encrypted, one after the other. */
import { randomBytes } from 'node:crypto'
import { copyFile } from 'node:fs/promises'
import { join } from 'node:path'
import { DEFAULT_LIMITS } from '../../src/default-limits.ts'
import { encryptSqliteFile } from '../../src/stores/sql/engine/sqlite/sqlite-file.ts'
import { openSqliteCatalog } from '../../src/stores/sql/open-sqlite.ts'
import { inTempFolder, projectFolder, quantile } from '../processes.ts'
import { BATTERIES, type BatteryName, batteriesOf } from './batteries.ts'
import { openStores } from './build-store.ts'
import { countedIds } from './built-store.ts'
import { dataSetOf } from './data-set.ts'
import { rounded } from './measure.ts'
import { askCatalog, withPlaces } from './search-bench.ts'

const MODES = ['on', 'none'] as const
/** Timed. The least time of a search counts: others contain what else ran on the machine. */
const ROUNDS = 3
export type ByMode<T> = Readonly<Record<(typeof MODES)[number], T>>

/** The least of three times of each search. */
export interface Quantiles {
  readonly p50_ms: number
  readonly p99_ms: number
}

/** @param rows image sets in the store. The first round of each battery warms up. */
export async function measureEncryptedSearches(
  rows: number,
): Promise<Readonly<Record<BatteryName, ByMode<Quantiles>>>> {
  const cacheFolder = process.env.HILUM_BENCH_CACHE ?? join(projectFolder, 'bench', '.cache')
  const stores = await openStores({ engine: 'sqlite', cacheFolder })
  const dataSet = dataSetOf(rows)
  const store = await stores.store({ dataSet, progress: () => {} })
  try {
    return await inTempFolder(async (folder) => {
      const [plain, path, key] = [
        join(store.dataFolder, 'catalog.sqlite'),
        join(folder, 'catalog.sqlite'),
        randomBytes(32),
      ]
      await copyFile(plain, path)
      await encryptSqliteFile(path, key)
      const options = { newId: countedIds(), cacheBytes: DEFAULT_LIMITS.catalogCacheBytes }
      const catalogs = {
        on: await openSqliteCatalog({ ...options, path, key }),
        none: await openSqliteCatalog({ ...options, path: plain }),
      }
      const queries = batteriesOf(dataSet)
      const results: Partial<Record<BatteryName, ByMode<Quantiles>>> = {}
      for (const name of BATTERIES) {
        const placed = await withPlaces(queries[name], { store, engine: 'sqlite' })
        const times: Record<(typeof MODES)[number], number[]> = { on: [], none: [] }
        for (let round = 0; round <= ROUNDS; round++) {
          for (const [index, query] of placed.entries()) {
            for (const mode of index % 2 === 0 ? MODES : MODES.toReversed()) {
              const startedAt = performance.now()
              await askCatalog(catalogs[mode], query)
              const ms = performance.now() - startedAt
              if (round > 0) times[mode][index] = Math.min(ms, times[mode][index] ?? ms)
            }
          }
        }
        results[name] = { on: quantilesOf(times.on), none: quantilesOf(times.none) }
      }
      for (const mode of MODES) await catalogs[mode].close()
      return results as Readonly<Record<BatteryName, ByMode<Quantiles>>>
    })
  } finally {
    await store.close()
    await stores.close()
  }
}

function quantilesOf(times: readonly number[]): Quantiles {
  const sorted = times.toSorted((a, b) => a - b)
  return { p50_ms: rounded(quantile(sorted, 0.5)), p99_ms: rounded(quantile(sorted, 0.99)) }
}
