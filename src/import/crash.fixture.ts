/** A process that works on an import job until it is done or, around the n-th write to its stores, kills itself without a last word. */
import { DEFAULT_LIMITS } from '../limits.ts'
import { openStores } from '../open-stores.ts'
import { CRASH_LIMITS, testApp, untilEnded } from './testing.fixture.ts'
import { startImportWorker } from './worker.ts'

const [dataFolder, datastoreId, jobId, step] = process.argv.slice(2) as [string, string, string, string]
/** Even: before the call; odd: after it, before anyone hears of it. */
const fatal = { call: Math.floor(Number(step) / 2), after: Number(step) % 2 === 1 }
const WRITES = ['put', 'remove', 'claim', 'setFilesFound', 'record', 'publish', 'finish']
let calls = 0

function dying<T extends object>(store: T): T {
  return new Proxy(store, {
    get(target, name, receiver) {
      const verb = Reflect.get(target, name, receiver)
      if (typeof verb !== 'function' || !WRITES.includes(String(name))) return verb
      return async (...args: unknown[]) => {
        const isFatal = calls++ === fatal.call
        if (isFatal && !fatal.after) process.kill(process.pid, 'SIGKILL')
        const answer = await verb.apply(target, args)
        if (isFatal) process.kill(process.pid, 'SIGKILL')
        return answer
      }
    },
  })
}

const stores = await openStores({ dataFolder, s3: undefined, catalog: undefined, limits: DEFAULT_LIMITS })
const app = testApp(
  {
    blobs: dying(stores.blobs),
    catalog: { ...stores.catalog, importJobs: dying(stores.catalog.importJobs) },
    locations: {
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
