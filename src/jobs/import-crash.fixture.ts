/** A process that works on an import job until it is done or, around the n-th write to its stores, kills itself without a last word. */

import { CRASH_LIMITS, testApp, untilEnded } from '../ingest/import-job.fixture.ts'
import { DEFAULT_LIMITS } from '../limits.ts'
import { openStores } from '../server/open-stores.ts'
import { dyingAt } from './dying.fixture.ts'
import { startImportWorker } from './import-worker.ts'

const [dataFolder, datastoreId, jobId, step] = process.argv.slice(2) as [string, string, string, string]
const dying = dyingAt(Number(step))

const stores = await openStores({ dataFolder, s3: undefined, catalog: undefined, limits: DEFAULT_LIMITS })
const app = testApp(
  {
    blobs: dying(stores.blobs),
    catalog: { ...stores.catalog, importJobs: dying(stores.catalog.importJobs) },
    locations: {
      ...stores.locations,
      async openBucket(name) {
        const bucket = await stores.locations.openBucket(name)
        return 'closed' in bucket ? bucket : dying(bucket)
      },
    },
  },
  { limits: CRASH_LIMITS },
)
const worker = startImportWorker(app)
await untilEnded(stores.catalog, { datastoreId, jobId })
await worker.stop()
await app.frames.stop()
await stores.catalog.close()
