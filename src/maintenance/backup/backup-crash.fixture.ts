/** A process that makes a backup and removes older ones, and kills itself before or after the n-th call of the place or the catalog. */

import { DEFAULT_LIMITS } from '../../default-limits.ts'
import { killAtCall } from '../../jobs/kill-at-call.fixture.ts'
import { newId } from '../../server/new-id.ts'
import { openStores } from '../../server/open-stores.ts'
import { openDiskBlobs } from '../../stores/blobs/disk/disk-blobs.ts'
import { backUp } from './backup.fixture.ts'

const [dataFolder, folder, step] = process.argv.slice(2) as [string, string, string]
const killing = killAtCall(Number(step), { everyCall: true })
const stores = await openStores({ dataFolder, s3: undefined, catalog: undefined, limits: DEFAULT_LIMITS })
const place = killing(await openDiskBlobs(folder))
const catalog = { ...stores.catalog, maintenance: killing(stores.catalog.maintenance) }
await backUp({ ...stores, catalog, clock: Date.now, newId }, place, { keep: 1 })
await stores.catalog.close()
