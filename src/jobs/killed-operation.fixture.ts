/** A process that asks for an operation and works on it until it is done or, around the n-th call of its stores, kills itself. */
import { writeSync } from 'node:fs'
import { DEFAULT_LIMITS } from '../limits.ts'
import { openStores } from '../server/open-stores.ts'
import { dyingAt } from './dying.fixture.ts'
import { startWorkflowWorker } from './workflow-worker.ts'
import { appOver, begin, type Operation, untilUnlocked } from './workflows.fixture.ts'

const [dataFolder, asked, step, calls] = process.argv.slice(2) as [string, string, string, 'every call' | 'changes']
const dying = dyingAt(Number(step), { ofEveryCall: calls === 'every call' })
const stores = await openStores({ dataFolder, s3: undefined, catalog: undefined, limits: DEFAULT_LIMITS })
const { catalog } = stores
const app = appOver({
  ...stores,
  blobs: dying(stores.blobs),
  catalog: { ...catalog, workflows: dying(catalog.workflows), imageSets: dying(catalog.imageSets) },
})
const imageSets = await begin(app, JSON.parse(asked) as Operation)
writeSync(1, 'acknowledged')
const worker = startWorkflowWorker(app)
await untilUnlocked(catalog, imageSets)
await worker.stop()
await app.frames.stop()
await catalog.close()
