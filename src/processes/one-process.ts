/** A server of one process: requests in its thread, import jobs in others. */
import type { Log } from '../app.ts'
import { expireLeasesOf } from '../jobs/expire-leases.ts'
import { settleDatastores } from '../operations/settle-datastores.ts'
import { openUploadUsage } from '../operations/upload-usage.ts'
import type { Listening } from '../protocols/http/listen.ts'
import { TokenBuckets } from '../protocols/http/token-buckets.ts'
import { watchCertificate } from '../server/certificate-watch.ts'
import type { Config } from '../server/config.ts'
import { durationOf } from '../server/duration.ts'
import { checkTransport, endpointOf } from '../server/endpoint.ts'
import { startImportThreads } from '../server/job-threads.ts'
import { limitedStoreRequests } from '../server/limited-store-requests.ts'
import { createMetrics } from '../server/metrics.ts'
import { openCatalog, type StorePlaces, startCatalogCheckpoints } from '../server/open-stores.ts'
import { startVerifySchedule } from '../server/verify-schedule.ts'
import { ONE_SERVER } from './live-servers.ts'
import { auditChainsOf, continueUnusedChains } from './open-audit.ts'
import { ownDataFolder } from './own-data-folder.ts'
import type { RunningServer } from './running-server.ts'
import { serveRequests } from './serve-requests.ts'
import { StopSteps } from './stop-steps.ts'

/** Of threads for jobs, the last ones of which run. */
const WORKER_IDS_KEPT = 64

export async function startOneProcess(config: Config, options: { readonly log: Log }): Promise<RunningServer> {
  const metrics = createMetrics()
  const log = metrics.counting(options.log)
  const steps = new StopSteps()
  try {
    checkTransport(config)
    let listening: Listening | undefined
    const certificate =
      config.tls &&
      (await watchCertificate(config.tls, {
        ...{ limits: config.limits, log, clock: Date.now },
        onChange: ({ context }) => listening?.useCertificate(context),
      }))
    steps.push(async () => certificate?.stop())
    metrics.watchCertificate(certificate)
    const owned = await ownDataFolder(config, { log, steps })
    const { limits, places, servers } = owned
    if (config.catalog === undefined) await expireAllLeases(places, log)
    const ofThreads = { places, limits, logLevel: config.logLevel }
    const workerIds: string[] = []
    const onWorker = (workerId: string) => workerIds.splice(0, Math.max(0, workerIds.push(workerId) - WORKER_IDS_KEPT))
    servers.ofWorkers(() => workerIds)
    const imports = startImportThreads({ ...ofThreads, threads: limits.importWorkers, onWorker }, log)
    steps.push(() => imports.stop())
    const chains = auditChainsOf(config)
    const auditChain = chains.take()
    await continueUnusedChains(config, { chains: chains.unused(), limits, log })
    const shared = {
      auditChain,
      uploadUsage: openUploadUsage({ countedMs: limits.uploadsCountedMs, serverCount: servers.count }),
      serverCount: servers.count,
      throttleBuckets: new TokenBuckets(limits.rateLimitsKept),
      storeRequests: limitedStoreRequests(imports.storeRequests, limits),
      workWaits: () => imports.wake(),
    }
    const serving = await serveRequests(config, owned, { shared, certificate, metrics, log, steps })
    listening = serving.listening
    await settleDatastores(serving.app)
    const { port } = listening
    const endpoint = endpointOf(config.host[0]!, port, certificate && { certificate: certificate.current })
    const partitions = serving.app.catalog.spread
    log.info({ endpoint, dataFolder: config.dataFolder, ...(partitions > 1 && { partitions }) }, 'ready')
    const checkpoints = await startCatalogCheckpoints(places, (err) => {
      log.error({ err }, 'the checkpoint thread of the catalog failed; commits run checkpoints instead')
    })
    steps.push(async () => checkpoints?.stop())
    const verifications = startVerifySchedule(
      { catalog: serving.app.catalog, clock: serving.app.clock, limits, log },
      { ...ofThreads, everyMs: durationOf(config.verifyEvery) },
    )
    steps.push(() => verifications.stop())
    const served = certificate && { ...certificate.current, reload: () => certificate.reload() }
    const { credentials } = owned
    return {
      ...{ endpoint, port, credentials, region: config.region, certificate: served },
      async stop({ drains } = { drains: false }) {
        // A stop without it may follow at any time.
        if (drains && servers !== ONE_SERVER) {
          await serving.stopListening({ drainMs: limits.drainMs, idleMs: limits.replacedIdleMs })
        }
        await steps.run()
      },
    }
  } catch (cause) {
    await steps.run()
    throw cause
  }
}

/** The data folder is locked: all workers of its catalog have died. Before the import threads start, which claim jobs. */
async function expireAllLeases(places: StorePlaces, log: Log): Promise<void> {
  const catalog = await openCatalog(places)
  try {
    await expireLeasesOf('all', { catalog, clock: Date.now, log })
  } finally {
    await catalog.close()
  }
}
