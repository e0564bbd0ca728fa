/** A catalog with partitions, of each kind: the conformance suite. */
import type { TestContext } from 'node:test'
import { describeCatalog } from '../catalog/conformance/catalog.conformance.ts'
import { uniqueIds } from '../catalog/conformance/catalog.fixture.ts'
import { openSqliteCatalog } from '../sql/open-sqlite.ts'
import { partitionedCatalog } from './partitioned-catalog.ts'

async function openTwo(context: TestContext) {
  const newId = uniqueIds()
  const open = (partition: number) => openSqliteCatalog({ path: ':memory:', newId, partition })
  const catalog = partitionedCatalog({ control: await open(0), open, spread: 2 })
  context.after(() => catalog.close())
  return catalog
}

describeCatalog('a catalog with two partitions on SQLite', openTwo)
