/** The entry point of the thread of one scheduled verification, which ends with it: SQLite's own check blocks the thread that runs it. */
import { constants, setPriority } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { verifyOnSchedule } from '../maintenance/verify/scheduled-verification.ts'
import type { ImportThreadOptions } from './job-threads.ts'
import { openLog } from './log.ts'
import { newId } from './new-id.ts'
import { openStores } from './open-stores.ts'

// As an import thread: requests have priority.
if (process.platform === 'linux') setPriority(constants.priority.PRIORITY_LOW)

const { places, limits, logLevel, processName, notSince } = workerData as ImportThreadOptions & {
  readonly notSince: number
}
const stopping = new AbortController()
parentPort!.on('message', () => stopping.abort())
const statementLimits = {
  ...{ ...limits, catalogStatementTimeoutMs: limits.maintenanceStatementTimeoutMs },
  decryptedCacheBytes: 0,
}
const log = openLog({ logLevel, processName })
const stores = await openStores({ ...places, limits: statementLimits })
try {
  const app = { ...stores, limits, clock: () => stores.catalog.now(), newId, log }
  await verifyOnSchedule(app, { notSince, signal: stopping.signal })
} catch (err) {
  if (!stopping.signal.aborted) log.warn({ err }, 'a scheduled verification could not end and is tried again')
} finally {
  stores.dataKeys.close()
  await stores.catalog.close()
  parentPort!.close()
}
