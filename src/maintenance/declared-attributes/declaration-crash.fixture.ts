/** A process that declares an attribute and builds or removes its index, and kills itself before or after the n-th call of its catalog. */

import { DEFAULT_LIMITS } from '../../default-limits.ts'
import { killAtCall } from '../../jobs/kill-at-call.fixture.ts'
import { openStores } from '../../server/open-stores.ts'
import { buildDeclaration, removeDeclaration } from './build-declaration.ts'
import { declare } from './declared-attributes.fixture.ts'

const [work, dataFolder, datastoreId, step] = process.argv.slice(2) as ['build' | 'remove', string, string, string]
const limits = DEFAULT_LIMITS
const stores = await openStores({ dataFolder, s3: undefined, catalog: undefined, limits })
const declaredAttributes = killAtCall(Number(step), { everyCall: true })(stores.catalog.declaredAttributes)
const catalog = { ...stores.catalog, declaredAttributes }
if (work === 'build') {
  const declaration = await declare(catalog, datastoreId, 'StationName')
  for await (const _ of buildDeclaration({ ...stores, catalog, limits }, { datastoreId, declaration }));
} else {
  const declaration = (await declaredAttributes.beginRemoval(datastoreId, 'StationName'))!
  for await (const _ of removeDeclaration({ catalog }, { datastoreId, declaration }));
}
await stores.catalog.close()
