/** Opens the stores, hangs the doors, starts the workers and takes all of it down again. The only file that knows everyone. */

import type { App, Credentials, Log } from './app.ts'
import { withAwsQuotas } from './limits.ts'
import { extensions } from './operations/extensions.ts'
import { handlers } from './operations/index.ts'
import { openPageTokens } from './operations/page-tokens.ts'
import { settleDatastores } from './operations/settle-datastores.ts'
import { openUploadUsage } from './operations/upload-usage.ts'
import { listen } from './protocols/http/listen.ts'
import { mountProtocols } from './protocols/mount.ts'
import { startAccessTimes } from './server/access-times.ts'
import { BackgroundWork } from './server/background-work.ts'
import type { Config } from './server/config.ts'
import { CONSOLE_FOLDER } from './server/console-folder.ts'
import { loadCredentials } from './server/credentials.ts'
import { findOpenFolder, lockDataFolder } from './server/data-folder.ts'
import { endpointOf } from './server/endpoint.ts'
import { startImportThreads } from './server/job-threads.ts'
import { newId } from './server/new-id.ts'
import { openStores, placesOf, startCatalogCheckpoints } from './server/open-stores.ts'
import { openReplyBuffers } from './server/reply-buffers.ts'

interface AccessKeyPair {
  readonly accessKeyId: string
  readonly secretAccessKey: string
}

export interface RunningServer {
  /** `http://127.0.0.1:8104` */
  readonly endpoint: string
  readonly port: number
  readonly credentials: AccessKeyPair
  readonly region: string
  /** Finishes what is in flight, puts import jobs down where they are, and closes the stores. */
  stop(): Promise<void>
}

/** One access key; equal strings are compared in constant time where it matters, at the signature. */
const credentialsOf = (pair: AccessKeyPair): Credentials => ({
  secretOf: (accessKeyId) => (accessKeyId === pair.accessKeyId ? pair.secretAccessKey : undefined),
})

/** @throws OperatorError with a sentence that says what to do, where it cannot start. */
export async function startServer(config: Config, options: { readonly log: Log }): Promise<RunningServer> {
  const { log } = options
  const undo: (() => Promise<void>)[] = []
  const takeDown = async () => {
    for (const step of undo.splice(0).reverse()) await step()
  }
  try {
    const lock = await lockDataFolder(config.dataFolder)
    undo.push(() => lock.release())
    const open = await findOpenFolder(config.dataFolder)
    if (open !== undefined) log.warn({}, `the data folder ${open.detail}. Run: ${open.fix}`)
    const credentials = await loadCredentials(config.dataFolder, config.credentials)
    if (credentials.warning !== undefined) log.warn({}, credentials.warning)
    const limits = config.awsQuotas ? withAwsQuotas(config.limits) : config.limits
    const places = placesOf({ ...config, limits })
    const stores = await openStores(places)
    undo.push(() => stores.catalog.close())
    const accessTimes = startAccessTimes({ catalog: stores.catalog, clock: Date.now, log }, limits)
    undo.push(() => accessTimes.stop())
    const background = new BackgroundWork(log)
    undo.push(() => background.drain())
    const imports = startImportThreads(
      { places, limits, logLevel: config.logLevel, threads: limits.importWorkers },
      log,
    )
    undo.push(() => imports.stop())

    const app: App = {
      ...stores,
      limits,
      log,
      background,
      accessTimes,
      replyBuffers: openReplyBuffers(limits),
      uploadUsage: openUploadUsage(),
      newId,
      clock: Date.now,
      credentials: credentialsOf(credentials),
      pageTokens: openPageTokens(await stores.catalog.secret('page-tokens')),
      workWaits: () => imports.wake(),
      region: config.region,
      accountId: config.accountId,
      awsQuotas: config.awsQuotas,
    }
    await settleDatastores(app)
    const protocolHandlers = mountProtocols(app, {
      handlers,
      extensions,
      consoleFolder: CONSOLE_FOLDER,
      corsOrigins: config.corsOrigin,
    })
    const handler = await listen({ hosts: config.host, port: config.port, ...protocolHandlers, limits, log })
    undo.push(() => handler.stop())
    const endpoint = endpointOf(config.host[0]!, handler.port)
    log.info({ endpoint, dataFolder: config.dataFolder }, 'ready')
    const checkpoints = startCatalogCheckpoints(places, (err) => {
      log.error({ err }, 'the thread that keeps the log of the catalog short died; commits do its work from here')
    })
    undo.push(async () => checkpoints?.stop())
    let stopped: Promise<void> | undefined
    const stop = () => {
      stopped ??= takeDown()
      return stopped
    }
    return { endpoint, port: handler.port, credentials, region: config.region, stop }
  } catch (cause) {
    await takeDown()
    throw cause
  }
}
