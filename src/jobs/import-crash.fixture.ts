/** A process that runs an import job until it is done, or kills itself before or after the n-th write to its stores. */
import { CRASH_LIMITS, testApp, untilEnded } from '../ingest/import-job.fixture.ts'
import { DEFAULT_LIMITS } from '../limits.ts'
import { openStores } from '../server/open-stores.ts'
import { startImportWorker } from './import-worker.ts'
import { killAtCall } from './kill-at-call.fixture.ts'

const [dataFolder, datastoreId, jobId, step] = process.argv.slice(2) as [string, string, string, string]
const killing = killAtCall(Number(step))

const stores = await openStores({ dataFolder, s3: undefined, catalog: undefined, limits: DEFAULT_LIMITS })
const app = testApp(
  {
    blobs: killing(stores.blobs),
    catalog: { ...stores.catalog, importJobs: killing(stores.catalog.importJobs) },
    locations: {
      ...stores.locations,
      async openBucket(name) {
        const bucket = await stores.locations.openBucket(name)
        return 'closed' in bucket ? bucket : killing(bucket)
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
