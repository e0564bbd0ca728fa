/** A catalog with partitions: the conformance suite on SQLite and PostgreSQL. citus.test.ts has it on Citus. */
import { describeCatalog } from '../catalog/conformance/catalog.conformance.ts'
import { catalogKinds } from './catalog-kinds.fixture.ts'

for (const { name, partitions, skip, open } of await catalogKinds()) {
  if (partitions === 1 || name.endsWith('Citus')) continue
  const openEmpty: Parameters<typeof describeCatalog>[1] = async (context) => {
    const catalog = await open()
    context.after(() => catalog.close())
    return catalog
  }
  describeCatalog(`a catalog with ${name}`, openEmpty, { ...(skip !== undefined && { skip }) })
}
