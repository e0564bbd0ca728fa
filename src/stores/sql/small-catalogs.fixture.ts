/** Catalogs on both engines with the small sizes of the search index, for tests that compare searches with a model. */
import { after } from 'node:test'
import { openPostgres } from '../../fixtures/shared-servers.ts'
import type { Catalog } from '../catalog/catalog.ts'
import { countedIds } from '../catalog/conformance/catalog.fixture.ts'
import { SMALL_SIZES } from '../search/small-sizes.fixture.ts'
import { POSTGRES_TEST_LIMITS, postgresIsMissing } from './engine/postgres/postgres.fixture.ts'
import { openPostgresCatalog } from './open-postgres.ts'
import { openSqliteCatalog } from './open-sqlite.ts'

interface SmallEngine {
  readonly name: 'SQLite' | 'PostgreSQL'
  readonly skip: string | undefined
  readonly open: () => Promise<Catalog>
}

/** Starts a PostgreSQL, which is removed after the tests. */
export async function smallEngines(): Promise<readonly SmallEngine[]> {
  const postgres = postgresIsMissing === undefined ? await openPostgres() : undefined
  after(() => postgres?.remove())
  return [
    {
      name: 'SQLite',
      skip: undefined,
      open: () => openSqliteCatalog({ path: ':memory:', newId: countedIds(), sizes: SMALL_SIZES }),
    },
    {
      name: 'PostgreSQL',
      skip: postgresIsMissing,
      open: async () => {
        const url = await postgres!.newDatabase()
        return openPostgresCatalog({ url, newId: countedIds(), limits: POSTGRES_TEST_LIMITS, sizes: SMALL_SIZES })
      },
    },
  ]
}
