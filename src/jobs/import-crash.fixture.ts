/**
 * A process that runs import jobs until they are done, or kills itself before or after the n-th write to its stores. Several jobs take
 * turns.
 */
import assert from 'node:assert/strict'
import { setTimeout } from 'node:timers/promises'
import { DEFAULT_LIMITS } from '../default-limits.ts'
import { CRASH_LIMITS, TURN_LIMITS, testApp, untilEnded } from '../ingest/import-job.fixture.ts'
import { openStores } from '../server/open-stores.ts'
import type { ImportJob } from '../stores/catalog/import-job-repository.ts'
import { startImportWorker } from './import-worker.ts'
import { killAtCall } from './kill-at-call.fixture.ts'

/** Slow enough that a turn ends while the input is listed. */
const ENTRY_MS = 8

const [dataFolder, step, text] = process.argv.slice(2) as [string, string, string]
const jobs = JSON.parse(text) as readonly Pick<ImportJob, 'datastoreId' | 'jobId'>[]
const killing = killAtCall(Number(step))
const takeTurns = jobs.length > 1

const stores = await openStores({ dataFolder, s3: undefined, catalog: undefined, limits: DEFAULT_LIMITS })
const importJobs = killing(stores.catalog.importJobs)
let turns = 0
const app = testApp(
  {
    blobs: killing(stores.blobs),
    catalog: {
      ...stores.catalog,
      importJobs: {
        ...importJobs,
        endTurn(...ended) {
          turns += 1
          return importJobs.endTurn(...ended)
        },
      },
    },
    locations: {
      ...stores.locations,
      async openBucket(name) {
        const bucket = await stores.locations.openBucket(name)
        if ('closed' in bucket) return bucket
        return {
          ...killing(bucket),
          async *scan(...args) {
            for await (const entry of bucket.scan(...args)) {
              if (takeTurns) await setTimeout(ENTRY_MS)
              yield entry
            }
          },
        }
      },
    },
  },
  { limits: takeTurns ? TURN_LIMITS : CRASH_LIMITS },
)
const worker = startImportWorker(app)
for (const job of jobs) await untilEnded(stores.catalog, job)
await worker.stop()
await app.frames.stop()
await stores.catalog.close()
assert.equal(turns > 0, takeTurns)
