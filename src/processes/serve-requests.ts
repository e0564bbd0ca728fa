/** Serves requests in this process: opens the stores, builds the App of the operations, mounts the protocols, and listens. */
import { setTimeout } from 'node:timers/promises'
import type { App, Log } from '../app.ts'
import type { StoreRequests } from '../contract/store-requests.ts'
import type { Limits } from '../limits.ts'
import { dicomwebOperations } from '../operations/dicomweb/operations.ts'
import { extensions } from '../operations/extensions.ts'
import { handlers } from '../operations/index.ts'
import { openPageTokens } from '../operations/page-tokens.ts'
import { knownHosts } from '../protocols/http/known-hosts.ts'
import { type Listening, listen } from '../protocols/http/listen.ts'
import type { ShareRate } from '../protocols/http/rate-limits.ts'
import { trustedProxies } from '../protocols/http/request-origin.ts'
import type { ProtocolHandler } from '../protocols/http/wire.ts'
import { mountProtocols } from '../protocols/mount.ts'
import { createAuthorize } from '../security/authorization/authorize.ts'
import { openAuthorizers } from '../security/authorizers/authorizers.ts'
import { openCallers } from '../security/callers/callers.ts'
import { createLinks } from '../security/callers/one-time-links.ts'
import { startAccessTimes } from '../server/access-times.ts'
import { BackgroundWork } from '../server/background-work.ts'
import type { CertificateWatch } from '../server/certificate-watch.ts'
import type { Config } from '../server/config.ts'
import { CONSOLE_FOLDER } from '../server/console-folder.ts'
import { openFrameDecoder } from '../server/frame-decoder.ts'
import type { Metrics, ServerMetrics } from '../server/metrics.ts'
import { newId } from '../server/new-id.ts'
import { openStores, placesOf } from '../server/open-stores.ts'
import { openTracing } from '../server/open-tracing.ts'
import { createReadiness } from '../server/readiness.ts'
import { openReplyBuffers } from '../server/reply-buffers.ts'
import { openAudit } from './open-audit.ts'
import type { OwnedFolder } from './own-data-folder.ts'
import type { StopSteps } from './stop-steps.ts'

/** What the requests of all processes share, and where their work goes. */
export interface SharedParts extends Pick<App, 'uploadUsage' | 'throttleBuckets' | 'workWaits' | 'serverCount'> {
  readonly storeRequests: StoreRequests
  /** Other processes read principals and policies again. */
  readonly othersRefreshCallers?: () => Promise<void>
  readonly shareRate?: ShareRate
  /** The chain of the audit log that this process writes. */
  readonly auditChain: string
}

interface Serving {
  readonly app: App
  readonly listening: Listening
  readonly refreshCallers: () => void
  /** Takes requests for `drainMs`, while it says that it is not ready; then stops listening. @param how.idleMs as of Listening */
  stopListening(how: { readonly drainMs: number; readonly idleMs: number }): Promise<void>
}

export async function serveRequests(
  config: Config,
  owned: Pick<OwnedFolder, 'credentials' | 'sealingKey'> & { readonly limits: Limits },
  {
    shared,
    certificate,
    metrics,
    log,
    steps,
  }: {
    readonly shared: SharedParts
    /** Undefined for plain HTTP. */
    readonly certificate: CertificateWatch | undefined
    readonly metrics: ServerMetrics
    readonly log: Log
    readonly steps: StopSteps
  },
): Promise<Serving> {
  const { limits } = owned
  const tracing = await openTracing(process.env, log)
  steps.push(() => tracing.stop())
  const stores = tracing.stores(
    await openStores(placesOf({ ...config, limits }), { log, onSearch: metrics.countPartitionSearch }),
  )
  const clock = () => stores.catalog.now()
  steps.push(() => stores.catalog.close())
  steps.push(async () => stores.dataKeys.close())
  const accessTimes = startAccessTimes({ catalog: stores.catalog, clock, log }, limits)
  steps.push(() => accessTimes.stop())
  const background = new BackgroundWork(log)
  steps.push(() => background.drain())
  const audit = await openAudit(config, { limits, log, chain: shared.auditChain })
  steps.push(() => audit.stop())
  const replyBuffers = openReplyBuffers(limits)
  stores.dataKeys.onExpiry((_, isCustomers) => {
    if (isCustomers) replyBuffers.overwrite()
  })
  const frameDecoder = openFrameDecoder(limits)
  steps.push(() => frameDecoder.stop())
  const callers = openCallers({
    ...{ owner: owned.credentials, sealingKey: owned.sealingKey, accountId: config.accountId, limits, log },
    ...{ access: stores.catalog.access, clock },
  })
  const app: App = {
    ...stores,
    ...{ limits, log, audit, background, accessTimes, replyBuffers, frameDecoder, newId },
    clock,
    uploadUsage: shared.uploadUsage,
    ...createLinks(stores.catalog.oneTimeLinks, limits),
    serverCount: shared.serverCount,
    throttleBuckets: shared.throttleBuckets,
    callers: {
      ...callers,
      refresh() {
        callers.refresh()
        return shared.othersRefreshCallers?.()
      },
    },
    authorizers: openAuthorizers({ ...config, ...stores.catalog, limits, log }),
    authorize: createAuthorize({ ...config, tags: stores.catalog.tags }),
    pageTokens: openPageTokens(await stores.catalog.secret('page-tokens')),
    storeRequests: shared.storeRequests,
    workWaits: shared.workWaits,
    region: config.region,
    accountId: config.accountId,
    awsQuotas: config.awsQuotas,
  }
  metrics.watch(app)
  const readiness = createReadiness(app)
  let isStopping = false
  const { handler, refuse } = mountProtocols(app, {
    ...{ handlers, extensions, dicomweb: dicomwebOperations, consoleFolder: CONSOLE_FOLDER },
    corsOrigins: config.corsOrigin,
    isKnownHost: knownHosts([...config.allowedHost, ...config.host], () => certificate?.current),
    onRefused: (reason) => metrics.countRefused(reason),
    ...(shared.shareRate && { shareRate: shared.shareRate }),
    monitoring: {
      readiness: async () =>
        isStopping ? { failing: ['the server is stopping'], awayPartitions: [] } : await readiness(),
      metrics: () => metrics.text(),
      isPublic: config.metricsPublic,
    },
  })
  const listening = await listen({
    ...{ hosts: config.host, port: config.port, proxies: trustedProxies(config.trustedProxy) },
    ...{ tls: certificate?.current.context, handler: tracing.traced(measured(handler, metrics)), refuse, limits, log },
  })
  steps.push(() => listening.stop())
  // It may have changed before the sockets could be told.
  if (certificate !== undefined) listening.useCertificate(certificate.current.context)
  return {
    ...{ app, listening, refreshCallers: () => callers.refresh() },
    async stopListening({ drainMs, idleMs }) {
      isStopping = true
      if (drainMs > 0) {
        listening.drain()
        await setTimeout(drainMs)
      }
      await listening.stop({ idleMs })
    },
  }
}

function measured(handler: ProtocolHandler, metrics: Metrics): ProtocolHandler {
  return async (request) => {
    const end = metrics.begin()
    try {
      const reply = await handler(request)
      end(reply)
      return reply
    } catch (thrown) {
      end({ status: 500 })
      throw thrown
    }
  }
}
