/** A process that requests an operation and runs its workflow until it is done, or kills itself before or after the n-th call of its stores. */
import { writeSync } from 'node:fs'
import { DEFAULT_LIMITS } from '../default-limits.ts'
import { openStores } from '../server/open-stores.ts'
import { killAtCall } from './kill-at-call.fixture.ts'
import { startWorkflowWorker } from './workflow-worker.ts'
import { appOver, begin, type Operation, untilUnlocked } from './workflows.fixture.ts'

const [dataFolder, requested, step, calls] = process.argv.slice(2) as [string, string, string, 'every call' | 'changes']
const killing = killAtCall(Number(step), { everyCall: calls === 'every call' })
const stores = await openStores({ dataFolder, s3: undefined, catalog: undefined, limits: DEFAULT_LIMITS })
const { catalog } = stores
const app = appOver({
  ...stores,
  blobs: killing(stores.blobs),
  catalog: { ...catalog, workflows: killing(catalog.workflows), imageSets: killing(catalog.imageSets) },
})
const imageSets = await begin(app, JSON.parse(requested) as Operation)
writeSync(1, 'acknowledged')
const worker = startWorkflowWorker(app)
await untilUnlocked(catalog, imageSets)
await worker.stop()
await app.frames.stop()
await catalog.close()
