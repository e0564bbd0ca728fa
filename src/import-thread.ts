/** The inside of an import thread: its own stores, one worker, and two words it listens to. */
import { parentPort, workerData } from 'node:worker_threads'
import { startImportWorker } from './import/worker.ts'
import type { ImportThreadOptions } from './import-threads.ts'
import { openLog } from './log.ts'
import { newId } from './new-id.ts'
import { openStores } from './open-stores.ts'

const { places, limits, logLevel } = workerData as ImportThreadOptions
const stores = await openStores(places)
const worker = startImportWorker({ ...stores, limits, clock: Date.now, newId, log: openLog({ logLevel }) })

parentPort!.on('message', async (word: 'wake' | 'stop') => {
  if (word === 'wake') return worker.wake()
  await worker.stop()
  await stores.catalog.close()
  parentPort!.close()
})
