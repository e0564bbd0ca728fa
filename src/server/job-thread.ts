/** The inside of an import thread: its own stores, its workers, and two words it listens to. */
import { constants, setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { startImportWorker } from '../jobs/import-worker.ts'
import { startWorkflowWorker } from '../jobs/workflow-worker.ts'
import { startFrameThreads } from '../pixel-data/threads/frame-threads.ts'
import type { ImportThreadOptions } from './job-threads.ts'
import { openLog } from './log.ts'
import { newId } from './new-id.ts'
import { openStores } from './open-stores.ts'

// Requests go first: measured on two cores, searches during an import are half as late in the worst percent, and the import takes
// no longer. On Linux this is the priority of the calling thread alone; elsewhere it would be the whole process's.
if (process.platform === 'linux') setPriority(constants.priority.PRIORITY_LOW)

const { places, limits, logLevel } = workerData as ImportThreadOptions
const stores = await openStores(places)
const frames = startFrameThreads(limits)
const app = { ...stores, frames, limits, clock: Date.now, newId, log: openLog({ logLevel }) }
const workers = [startImportWorker(app), startWorkflowWorker(app)]

parentPort!.on('message', async (word: 'wake' | 'stop') => {
  if (word === 'wake') {
    for (const worker of workers) worker.wake()
    return
  }
  await Promise.all(workers.map((worker) => worker.stop()))
  await frames.stop()
  await stores.catalog.close()
  parentPort!.close()
})
