/** A process that compacts blobs and collects garbage, and kills itself before or after the n-th call of its stores. */

import { DEFAULT_LIMITS } from '../default-limits.ts'
import { testApp } from '../ingest/import-job.fixture.ts'
import { killAtCall } from '../jobs/kill-at-call.fixture.ts'
import { openStores } from '../server/open-stores.ts'
import { collectGarbage } from './collect-garbage.ts'
import { compactBlobs } from './compact-blobs.ts'

const HOUR_MS = 3_600_000
const [dataFolder, step] = process.argv.slice(2) as [string, string]
const killing = killAtCall(Number(step), { everyCall: true })
const stores = await openStores({ dataFolder, s3: undefined, catalog: undefined, limits: DEFAULT_LIMITS })
const blobs = killing(stores.blobs)
const app = testApp({
  ...stores,
  blobs: {
    ...stores.blobs,
    open: blobs.open,
    put: blobs.put,
    // One key at a time, so that it can also be killed between two keys.
    async remove(keys) {
      for (const key of keys) await blobs.remove([key])
    },
  },
  catalog: { ...stores.catalog, blobs: killing(stores.catalog.blobs) },
})
await compactBlobs({ ...app, clock: () => Date.now() + HOUR_MS })
// After the grace period for readers of the old blobs.
await collectGarbage({ ...app, clock: () => Date.now() + 3 * HOUR_MS })
await stores.catalog.close()
