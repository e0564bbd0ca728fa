/** Creates the catalogs of an archive that is restored: the control catalog and its partitions. */
import { open, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { CatalogContent } from '../stores/catalog/catalog-snapshot.ts'
import { createSqliteCatalog } from '../stores/sql/open-sqlite.ts'
import { catalogFileOf, loadCatalogKey } from './catalog-key.ts'
import { type CatalogPlaces, postgresPlaceOf } from './open-partitions.ts'

type Places = Pick<CatalogPlaces, 'dataFolder' | 'keys' | 'catalog' | 'partitionCatalogs' | 'limits'>

/**
 * Creates catalogs with these contents: in an empty database, or as files of the data folder, where they replace what an interrupted restore left.
 * The control catalog is created last: without it there is no archive.
 * @param options.restoreId of the restore: a catalog that it has created before an interruption is left as it is in a database
 * @throws CatalogNotEmpty, StoreUnavailable, OtherSchema
 */
export async function createCatalogs(
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
