/** A catalog with partitions, of each kind: the conformance suite. */
import { describeCatalog } from '../catalog/conformance/catalog.conformance.ts'
import { catalogKinds } from './catalog-kinds.fixture.ts'

for (const { name, partitions, skip, open } of await catalogKinds()) {
  if (partitions === 1) continue
  const openEmpty: Parameters<typeof describeCatalog>[1] = async (context) => {
    const catalog = await open()
    context.after(() => catalog.close())
    return catalog
  }
  describeCatalog(`a catalog with ${name}`, openEmpty, { ...(skip !== undefined && { skip }) })
}
