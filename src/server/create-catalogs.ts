/** Creates the catalogs of an archive that is restored: the control catalog and its partitions, also on the other engine. */
import { open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { CatalogContent, Engine } from '../stores/catalog/catalog-snapshot.ts'
import { createSqliteCatalog } from '../stores/sql/open-sqlite.ts'
import { catalogFileOf, loadCatalogKey } from './catalog-key.ts'
import { type CatalogPlaces, openPartitions, postgresPlaceOf } from './open-partitions.ts'

type Places = Omit<CatalogPlaces, 'partitions'>

/**
 * Creates catalogs with these contents: in an empty database, or as files of the data folder, where they replace what an interrupted restore left.
 * The control catalog is created last: without it there is no archive.
 * On another engine the search indexes are rebuilt then, because their leaves have another size there.
 * @param options.restoreId of the restore: a catalog that it has created before an interruption is left as it is in a database
 * @throws CatalogNotEmpty, StoreUnavailable, OtherSchema
 */
export async function createCatalogs(
  places: Places,
  contents: readonly CatalogContent[],
  { restoreId, onRebuild }: { readonly restoreId: string; readonly onRebuild?: (done: number, of: number) => void },
): Promise<void> {
  await createAll(places, contents, { restoreId })
  const engine: Engine = places.catalog === undefined ? 'SQLite' : 'PostgreSQL'
  if (contents.every((content) => content.engine === engine)) return
  const { maintenanceStatementTimeoutMs: catalogStatementTimeoutMs } = places.limits
  const catalog = await openPartitions({ ...places, limits: { ...places.limits, catalogStatementTimeoutMs } }, {})
  try {
    for await (const { done, of } of catalog.searchIndex.rebuild()) onRebuild?.(done, of)
  } finally {
    await catalog.close()
  }
}

async function createAll(
  places: Places,
  contents: readonly CatalogContent[],
  options: { readonly restoreId: string },
): Promise<void> {
  const controlLast = contents.toSorted((a, b) => b.partition - a.partition)
  const { catalog, partitionCatalogs, limits } = places
  if (catalog === undefined) {
    for (const content of controlLast) await createFile(places, content)
    return
  }
  const { createPostgresCatalog, requireNoCatalog } = await import('../stores/sql/create-postgres.ts')
  const placeOf = ({ partition }: CatalogContent) => ({
    ...postgresPlaceOf({ catalog, partitionCatalogs }, partition),
    ...{ limits, ...options },
  })
  // Before anything is created in a database of another archive.
  for (const content of contents) await requireNoCatalog(placeOf(content))
  for (const content of controlLast) await createPostgresCatalog(placeOf(content), content)
}

/** In a file with another name, which is renamed when it is complete. */
async function createFile({ dataFolder, keys }: Places, content: CatalogContent): Promise<void> {
  const path = join(dataFolder, catalogFileOf(content.partition))
  const unfinished = `${path}.restoring`
  for (const end of ['', '-journal']) await rm(`${unfinished}${end}`, { force: true })
  const key = await loadCatalogKey({ dataFolder, keys })
  await createSqliteCatalog({ path: unfinished, key }, content)
  await rename(unfinished, path)
  // Before the end of the restore is recorded in the folder.
  const folder = await open(dataFolder)
  try {
    await folder.sync()
  } finally {
    await folder.close()
  }
}
