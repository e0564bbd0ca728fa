/** The conformance suite of a catalog whose partitions are distributed schemas of Citus. */
import { after } from 'node:test'
import { citusIsMissing, openCitus } from '../../fixtures/citus.ts'
import type { Catalog } from '../catalog/catalog.ts'
import { describeCatalog, type OpenContext } from '../catalog/conformance/catalog.conformance.ts'
import { uniqueIds } from '../catalog/conformance/catalog.fixture.ts'
import { POSTGRES_TEST_LIMITS } from '../sql/engine/postgres/postgres.fixture.ts'
import { openPostgresCatalog } from '../sql/open-postgres.ts'
import { partitionedCatalog } from './partitioned-catalog.ts'

const citus = citusIsMissing === undefined ? await openCitus() : undefined
after(() => citus?.remove())

async function openTwo(context: OpenContext): Promise<Catalog> {
  const url = await citus!.newDatabase()
  const newId = uniqueIds()
  const open = (partition: number) =>
    openPostgresCatalog({
      ...{ url, newId, partition, limits: POSTGRES_TEST_LIMITS },
      ...(partition > 0 && { schema: `hilum_00${partition}` }),
    })
  const catalog = partitionedCatalog({ control: await open(0), open, spread: 2 })
  context.after(() => catalog.close())
  return catalog
}

describeCatalog('a catalog with two partitions on Citus', openTwo, {
  ...(citusIsMissing !== undefined && { skip: citusIsMissing }),
})
