/** A process that runs all waiting workflows and then collects garbage, or kills itself before or after the n-th call that changes something. */

import { DEFAULT_LIMITS } from '../default-limits.ts'
import { testApp } from '../ingest/import-job.fixture.ts'
import { collectGarbage } from '../maintenance/collect-garbage.ts'
import { openStores } from '../server/open-stores.ts'
import { killAtCall } from './kill-at-call.fixture.ts'
import { startWorkflowWorker } from './workflow-worker.ts'

const [dataFolder, step] = process.argv.slice(2) as [string, string]
const killing = killAtCall(Number(step))
const stores = await openStores({ dataFolder, s3: undefined, catalog: undefined, limits: DEFAULT_LIMITS })
const { catalog } = stores
const app = testApp({
  ...stores,
  // One key at a time, so that the process also dies between two of them.
  blobs: {
    ...stores.blobs,
    put: killing(stores.blobs).put,
    async remove(keys) {
      for (const key of keys) await killing(stores.blobs).remove([key])
    },
  },
  catalog: { ...catalog, workflows: killing(catalog.workflows), blobs: killing(catalog.blobs) },
})
const worker = startWorkflowWorker(app)
const untilIdle = async () => {
  for (let idle = 0; idle < 3; ) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    idle = (await isBusy()) ? 0 : idle + 1
  }
}
await untilIdle()
await worker.stop()
// An hour later: the grace period of unreferenced blobs is over.
await collectGarbage({ ...app, clock: () => Date.now() + 3_600_000 })
await catalog.close()

async function isBusy(): Promise<boolean> {
  const [datastore] = await catalog.datastores.list({
    ...{ status: undefined, deletedSince: 0, after: undefined, limit: 1 },
  })
  for (const imageSetId of process.argv.slice(4)) {
    const { datastoreId } = datastore!
    const found = await catalog.imageSets.get({ datastoreId, imageSetId, deletedSince: 0 })
    if (found?.imageSetState === 'LOCKED') return true
  }
  return false
}
