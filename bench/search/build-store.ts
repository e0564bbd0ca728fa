/** Opens the store of a size on an engine. It is built once, and cached in a folder or on the given PostgreSQL server. */
import type { BuiltStore, StoreRequest } from './built-store.ts'
import { openPostgresStores, type PostgresStores } from './postgres-store.ts'
import { buildSqliteStore } from './sqlite-store.ts'
import { needsUndo, undoWrites } from './undo-writes.ts'

export const ENGINES = ['sqlite', 'postgres'] as const
export type EngineName = (typeof ENGINES)[number]

export interface Stores {
  store(request: Pick<StoreRequest, 'dataSet' | 'progress'>): Promise<BuiltStore>
  /** Stops the database server, if it was started for the benchmark. */
  close(): Promise<void>
}

/** @param options.url of a PostgreSQL server; without it one is started. */
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
      // An interrupted run left its writes.
      if (await store.ask(needsUndo())) await undoWrites(store, dataSet)
      return store
    },
    close: async () => postgres?.close(),
  }
}
