/** Opens stores, mounts protocol handlers, starts workers; stops them in reverse order. */

import { join } from 'node:path'
import type { App, Log } from './app.ts'
import { dicomwebOperations } from './operations/dicomweb/operations.ts'
import { extensions } from './operations/extensions.ts'
import { handlers } from './operations/index.ts'
import { openPageTokens } from './operations/page-tokens.ts'
import { settleDatastores } from './operations/settle-datastores.ts'
import { openUploadUsage } from './operations/upload-usage.ts'
import { knownHosts } from './protocols/http/known-hosts.ts'
import { type Listening, listen } from './protocols/http/listen.ts'
import { trustedProxies } from './protocols/http/request-origin.ts'
import type { ProtocolHandler } from './protocols/http/wire.ts'
import { mountProtocols } from './protocols/mount.ts'
import { AUDIT_FOLDER } from './security/audit/audit-files.ts'
import { type AuditLog, openAuditLog } from './security/audit/audit-log.ts'
import { createAuthorize } from './security/authorization/authorize.ts'
import { openAuthorizers } from './security/authorizers/authorizers.ts'
import { openCallers } from './security/callers/callers.ts'
import { startAccessTimes } from './server/access-times.ts'
import { withAwsQuotas } from './server/aws-quotas.ts'
import { BackgroundWork } from './server/background-work.ts'
import { encryptCatalog } from './server/catalog-key.ts'
import { watchCertificate } from './server/certificate-watch.ts'
import type { Config } from './server/config.ts'
import { CONSOLE_FOLDER } from './server/console-folder.ts'
import { loadCredentials } from './server/credentials.ts'
import { findOpenFolder, lockDataFolder } from './server/data-folder.ts'
import { durationOf } from './server/duration.ts'
import { checkTransport, endpointOf } from './server/endpoint.ts'
import { openFrameDecoder } from './server/frame-decoder.ts'
import { startImportThreads } from './server/job-threads.ts'
import { limitedStoreRequests } from './server/limited-store-requests.ts'
import { createMetrics, type Metrics } from './server/metrics.ts'
import { newId } from './server/new-id.ts'
import { openStores, placesOf, startCatalogCheckpoints } from './server/open-stores.ts'
import { openTracing } from './server/open-tracing.ts'
import { OperatorError } from './server/operator-error.ts'
import { findOpenFiles } from './server/private-files.ts'
import { createReadiness } from './server/readiness.ts'
import { openReplyBuffers } from './server/reply-buffers.ts'
import { loadSealingKey } from './server/sealing-key.ts'
import { startVerifySchedule } from './server/verify-schedule.ts'

interface AccessKeyPair {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

interface ServedCertificate {
  /** The DNS names that it covers. */
  readonly names: readonly string[]
  /** Milliseconds since 1970. */
  readonly expiresAt: number
  /** Reads the files now, instead of within a few seconds. */
  reload(): Promise<void>
}

export interface RunningServer {
  /** `http://127.0.0.1:8104` */
  readonly endpoint: string
  readonly port: number
  readonly credentials: AccessKeyPair
  readonly region: string
  /** Undefined for plain HTTP. */
  readonly certificate: ServedCertificate | undefined
  /** Finishes requests in flight, releases import jobs, and closes the stores. */
  stop(): Promise<void>
}

const CATALOG_ENCRYPTED =
  'the catalog, which was plain, is encrypted now; its old bytes were overwritten, but snapshots of the file system and backups may have them'

/** @throws OperatorError if it cannot start, with a sentence that says what to do */
export async function startServer(config: Config, options: { readonly log: Log }): Promise<RunningServer> {
  const metrics = createMetrics()
  const log = metrics.counting(options.log)
  const stopSteps: (() => Promise<void>)[] = []
  const stopAll = async () => {
    for (const step of stopSteps.splice(0).reverse()) await step()
  }
  try {
    checkTransport(config)
    const limits = config.awsQuotas ? withAwsQuotas(config.limits) : config.limits
    let server: Listening | undefined
    const certificate =
      config.tls &&
      (await watchCertificate(config.tls, {
        ...{ limits, log, clock: Date.now },
        onChange: ({ context }) => server?.useCertificate(context),
      }))
    stopSteps.push(async () => certificate?.stop())
    metrics.watchCertificate(certificate)
    const lock = await lockDataFolder(config.dataFolder)
    stopSteps.push(() => lock.release())
    const open = await findOpenFolder(config.dataFolder)
    if (open !== undefined) log.warn({}, `the data folder ${open.detail}. Run: ${open.fix}`)
    for (const { path, fix } of await findOpenFiles(config.privateFiles ?? [])) {
      log.warn({}, `other users of this machine can read the secrets in ${path}. Run: ${fix}`)
    }
    const credentials = await loadCredentials(config.dataFolder, config.credentials)
    if (credentials.warning !== undefined) log.warn({}, credentials.warning)
    const sealing = await loadSealingKey(config.dataFolder, config.sealingKey)
    if (sealing.warning !== undefined) log.warn({}, sealing.warning)
    const places = placesOf({ ...config, limits })
    if (config.catalog === undefined && (await encryptCatalog(places))) log.info({}, CATALOG_ENCRYPTED)
    const tracing = await openTracing(process.env, log)
    stopSteps.push(() => tracing.stop())
    const stores = tracing.stores(await openStores(places))
    stopSteps.push(() => stores.catalog.close())
    stopSteps.push(async () => stores.dataKeys.close())
    const accessTimes = startAccessTimes({ catalog: stores.catalog, clock: Date.now, log }, limits)
    stopSteps.push(() => accessTimes.stop())
    const background = new BackgroundWork(log)
    stopSteps.push(() => background.drain())
    const audit = await openAudit(config, { limits, log })
    stopSteps.push(() => audit.stop())
    const imports = startImportThreads(
      { places, limits, logLevel: config.logLevel, threads: limits.importWorkers },
      log,
    )
    stopSteps.push(() => imports.stop())

    const replyBuffers = openReplyBuffers(limits)
    stores.dataKeys.onExpiry((_, isCustomers) => {
      if (isCustomers) replyBuffers.overwrite()
    })
    const frameDecoder = openFrameDecoder(limits)
    stopSteps.push(() => frameDecoder.stop())
    const app: App = {
      ...stores,
      limits,
      log,
      audit,
      background,
      accessTimes,
      replyBuffers,
      frameDecoder,
      uploadUsage: openUploadUsage(),
      newId,
      clock: Date.now,
      callers: openCallers({
        ...{ owner: credentials, sealingKey: sealing.key, accountId: config.accountId, limits, clock: Date.now, log },
        access: stores.catalog.access,
      }),
      authorizers: openAuthorizers({ ...config, ...stores.catalog, limits, log }),
      authorize: createAuthorize({ ...config, tags: stores.catalog.tags }),
      pageTokens: openPageTokens(await stores.catalog.secret('page-tokens')),
      storeRequests: limitedStoreRequests(imports.storeRequests, limits),
      workWaits: () => imports.wake(),
      region: config.region,
      accountId: config.accountId,
      awsQuotas: config.awsQuotas,
    }
    await settleDatastores(app)
    metrics.watch(app)
    const protocolHandlers = mountProtocols(app, {
      handlers,
      extensions,
      dicomweb: dicomwebOperations,
      consoleFolder: CONSOLE_FOLDER,
      corsOrigins: config.corsOrigin,
      isKnownHost: knownHosts([...config.allowedHost, ...config.host], () => certificate?.current),
      onRefused: (reason) => metrics.countRefused(reason),
      monitoring: {
        failingParts: createReadiness(app),
        metrics: () => metrics.text(),
        isPublic: config.metricsPublic,
      },
    })
    const { refuse } = protocolHandlers
    const handler = tracing.traced(measured(protocolHandlers.handler, metrics))
    const tls = certificate?.current.context
    server = await listen({
      ...{ hosts: config.host, port: config.port, tls, proxies: trustedProxies(config.trustedProxy) },
      ...{ handler, refuse, limits, log },
    })
    const { port, stop: stopListening } = server
    stopSteps.push(stopListening)
    // It may have changed before the server could be told.
    if (certificate !== undefined) server.useCertificate(certificate.current.context)
    const endpoint = endpointOf(config.host[0]!, port, certificate && { certificate: certificate.current })
    log.info({ endpoint, dataFolder: config.dataFolder }, 'ready')
    const checkpoints = await startCatalogCheckpoints(places, (err) => {
      log.error({ err }, 'the checkpoint thread of the catalog failed; commits run checkpoints instead')
    })
    stopSteps.push(async () => checkpoints?.stop())
    const verifications = startVerifySchedule(
      { catalog: stores.catalog, clock: Date.now, limits, log },
      { places, limits, logLevel: config.logLevel, everyMs: durationOf(config.verifyEvery) },
    )
    stopSteps.push(() => verifications.stop())
    let stopped: Promise<void> | undefined
    const stop = () => {
      stopped ??= stopAll()
      return stopped
    }
    const served = certificate && { ...certificate.current, reload: () => certificate.reload() }
    return { endpoint, port, credentials, region: config.region, certificate: served, stop }
  } catch (cause) {
    await stopAll()
    throw cause
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

async function openAudit(config: Config, { limits, log }: Pick<App, 'limits' | 'log'>): Promise<AuditLog> {
  const folder = join(config.dataFolder, AUDIT_FOLDER)
  const { region, accountId, auditRetentionDays: retentionDays } = config
  try {
    return await openAuditLog({ folder, region, accountId, retentionDays, limits, clock: Date.now, log })
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code ?? (cause as Error).message
    throw new OperatorError(`The audit log in ${folder} cannot be written: ${reason}.`, { cause })
  }
}
