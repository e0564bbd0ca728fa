/** The entry point of the process that runs imports, workflows, store requests and maintenance, of a server with several. */
import { constants, setPriority } from 'node:os'
import { setTimeout } from 'node:timers/promises'
import { durationOf } from '../server/duration.ts'
import { startImportThreads } from '../server/job-threads.ts'
import { limitedStoreRequests } from '../server/limited-store-requests.ts'
import { openLog } from '../server/log.ts'
import { createMetrics } from '../server/metrics.ts'
import { openCatalog, placesOf } from '../server/open-stores.ts'
import { serveStoreRequests } from '../server/store-request-socket.ts'
import { startVerifySchedule } from '../server/verify-schedule.ts'
import { runChildProcess } from './child-process.ts'
import { StopSteps } from './stop-steps.ts'

// Requests have priority, as over import threads of a server with one process.
setPriority(constants.priority.PRIORITY_LOW)
/** To look whether a verification is due. */
const CATALOG_CACHE_BYTES = 1024 ** 2

runChildProcess(
  async ({ start, primary }) => {
    const { config, limits, name, jobsAddress } = start
    const metrics = createMetrics()
    const log = metrics.counting(openLog({ logLevel: config.logLevel, processName: name }))
    const steps = new StopSteps()
    const places = placesOf({ ...config, limits })
    const catalog = await openCatalog({ ...places, limits: { ...limits, catalogCacheBytes: CATALOG_CACHE_BYTES } })
    steps.push(() => catalog.close())
    const ofThreads = { places, limits, logLevel: config.logLevel, processName: name }
    const verifications = startVerifySchedule(
      { catalog, clock: () => catalog.now(), limits, log },
      { ...ofThreads, everyMs: durationOf(config.verifyEvery) },
    )
    steps.push(() => verifications.stop())
    const onWorker = (workerId: string) => void primary.send({ kind: 'worker', workerId })
    const { endedWorkerIds: diedWorkerIds } = start
    const imports = startImportThreads(
      { ...ofThreads, ...{ threads: limits.importWorkers, diedWorkerIds, onWorker } },
      log,
    )
    steps.push(() => imports.stop())
    const requests = limitedStoreRequests(imports.storeRequests, limits)
    const stores = await serveStoreRequests(jobsAddress!, { requests, log })
    steps.push(() => Promise.race([stores.stop(), setTimeout(limits.shutdownMs, undefined, { ref: false })]))
    return {
      onMessage(message) {
        if (message.kind === 'wake') imports.wake()
      },
      answers: {
        metrics: () => metrics.ofProcess(),
        countUploads: () => 0,
        refreshCallers: () => {},
      },
      async stop() {
        await steps.run()
        await primary.send({ kind: 'lastMetrics', metrics: await metrics.ofProcess() })
      },
    }
  },
  { endsAtOnce: false },
)
