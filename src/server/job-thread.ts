/**
 * The entry point of an import thread: opens its own stores, starts its workers, and handles `wake` and `stop`. A thread that was idle for
 * a while reports it and is replaced, because its heap, caches and codecs stay as large as the last import needed them.
 */
import { constants, setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { expireLeasesOf } from '../jobs/expire-leases.ts'
import { startImportWorker } from '../jobs/import-worker.ts'
import { startStoreRequests } from '../jobs/store-requests/store-requests.ts'
import { startWorkflowWorker } from '../jobs/workflow-worker.ts'
import { startFrameThreads } from '../pixel-data/threads/frame-threads.ts'
import type { ImportThreadData, JobThreadMessage, JobThreadReport } from './job-threads.ts'
import { openLog } from './log.ts'
import { newId } from './new-id.ts'
import { openStores } from './open-stores.ts'
import { openTracing } from './open-tracing.ts'
import { type Answer, portCarrier, type Question } from './store-request-carrier.ts'
import { serveStoreRequest } from './store-request-exchange.ts'

// Gives requests priority: on two cores this halves the 99th percentile of searches during an import, which takes no longer. On Linux the
// priority is that of the calling thread; elsewhere it would be that of the process.
if (process.platform === 'linux') setPriority(constants.priority.PRIORITY_LOW)

const { places, limits, logLevel, processName, workerId, diedWorkerIds } = workerData as ImportThreadData
// A thread reads each byte once.
const stores = await openStores({ ...places, limits: { ...places.limits, decryptedCacheBytes: 0 } })
const frames = startFrameThreads(limits)
const log = openLog({ logLevel, processName })
// Not the stores: a job calls them too often.
const tracing = await openTracing(process.env, log)
const app = { ...stores, frames, limits, clock: () => stores.catalog.now(), newId, log, inSpan: tracing.inSpan }
await expireLeasesOf(diedWorkerIds, app)
const loops = [startImportWorker(app, workerId), startWorkflowWorker(app, workerId)]
const storeRequests = startStoreRequests(app, workerId)
const workers = [...loops, storeRequests]
const lookForIdle = setInterval(() => {
  const idle = workers.map(({ idleMs }) => idleMs())
  const hasWorked = idle.some((ms) => ms !== undefined)
  if (hasWorked && idle.every((ms) => ms === undefined || ms >= limits.importThreadIdleMs)) report('idle')
}, limits.importThreadIdleMs / 4)

parentPort!.on('message', (message: JobThreadMessage) => {
  if (message === 'stop') void stop()
  else if (message === 'wake') for (const loop of loops) loop.wake()
  else void serveStoreRequest({ requests: storeRequests, log }, portCarrier<Answer, Question>(message))
})

report('ready')

function report(what: JobThreadReport): void {
  parentPort!.postMessage(what)
}

let stopped: Promise<void> | undefined

function stop(): Promise<void> {
  stopped ??= takeDown()
  return stopped
}

async function takeDown(): Promise<void> {
  clearInterval(lookForIdle)
  await Promise.all(workers.map((worker) => worker.stop()))
  await frames.stop()
  stores.dataKeys.close()
  await stores.catalog.close()
  await tracing.stop()
  parentPort!.close()
}
