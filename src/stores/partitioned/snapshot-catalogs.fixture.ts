/** A catalog with three partitions: files of a folder, or schemas of a PostgreSQL database. */
import { join } from 'node:path'
import type { Catalog } from '../catalog/catalog.ts'
import { POSTGRES_TEST_LIMITS } from '../sql/engine/postgres/postgres.fixture.ts'
import { openPostgresCatalog } from '../sql/open-postgres.ts'
import { openSqliteCatalog } from '../sql/open-sqlite.ts'
import { partitionedCatalog } from './partitioned-catalog.ts'

/**
 * @param place a folder, or the address of a database
 * @param options.change of each catalog, for tests
 */
export async function openPartitions(
  place: string,
  newId: () => string,
  { change = (catalog) => catalog }: { readonly change?: (catalog: Catalog, partition: number) => Catalog } = {},
): Promise<Catalog> {
  const open = async (partition: number) => change(await openOne(place, { newId, partition }), partition)
  return partitionedCatalog({ control: await open(0), open, spread: 3 })
}

const openOne = (place: string, of: { readonly newId: () => string; readonly partition: number }): Promise<Catalog> =>
  place.startsWith('postgres:')
    ? openPostgresCatalog({
        ...{ url: place, limits: POSTGRES_TEST_LIMITS, ...of },
        ...(of.partition > 0 && { schema: `hilum_00${of.partition}` }),
      })
    : openSqliteCatalog({ path: join(place, `catalog-${of.partition}.sqlite`), ...of })
