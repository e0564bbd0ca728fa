/** The store of a size in the database that is asked for: built once, and kept in the cache folder or in the PostgreSQL that is given. */
import type { BuiltStore, StoreRequest } from './built-store.ts'
import { openPostgresStores, type PostgresStores } from './postgres-store.ts'
import { buildSqliteStore } from './sqlite-store.ts'
import { needsUndo, undoWrites } from './undo-writes.ts'

export const ENGINES = ['sqlite', 'postgres'] as const
export type EngineName = (typeof ENGINES)[number]

export interface Stores {
  store(request: Pick<StoreRequest, 'dataSet' | 'progress'>): Promise<BuiltStore>
  /** Ends the database's server where it was started for this. */
  close(): Promise<void>
}

/** @param options.url a PostgreSQL; without it one is started. */
export async function openStores(options: {
  readonly engine: EngineName
  readonly cacheFolder: string
  readonly url?: string
}): Promise<Stores> {
  const { engine, cacheFolder, url } = options
  const postgres: PostgresStores | undefined =
    engine === 'postgres' ? await openPostgresStores({ cacheFolder, ...(url === undefined ? {} : { url }) }) : undefined
  return {
    async store({ dataSet, progress }) {
      const request = { dataSet, cacheFolder, progress }
      const store = postgres === undefined ? await buildSqliteStore(request) : await postgres.store(request)
      // A run that was broken off has left what it wrote.
      if (await store.ask(needsUndo())) await undoWrites(store, dataSet)
      return store
    },
    close: async () => postgres?.close(),
  }
}
