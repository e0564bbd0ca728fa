/**
 * `hilum/testing`, for test suites: a complete Hilum in this process, on a free port, with all data in memory. Operations, protocols and jobs
 * are the server's. The console is included if it is built.
 */
import './require-node.ts'
import { randomBytes } from 'node:crypto'
import type { App } from './app.ts'
import { startImportWorker } from './jobs/import-worker.ts'
import { startStoreRequests } from './jobs/store-requests/store-requests.ts'
import { startWorkflowWorker } from './jobs/workflow-worker.ts'
import type { Limits } from './limits.ts'
import { dicomwebOperations } from './operations/dicomweb/operations.ts'
import { extensions } from './operations/extensions.ts'
import { handlers } from './operations/index.ts'
import { openPageTokens } from './operations/page-tokens.ts'
import { openUploadUsage } from './operations/upload-usage.ts'
import { startFrameThreads } from './pixel-data/threads/frame-threads.ts'
import { listen } from './protocols/http/listen.ts'
import { TokenBuckets } from './protocols/http/token-buckets.ts'
import { mountProtocols } from './protocols/mount.ts'
import { NO_AUDIT_LOG } from './security/audit/audit-log.ts'
import { createAuthorize } from './security/authorization/authorize.ts'
import type { AuthorizerConfig, RoleConfig } from './security/authorizers/authorizer-config.ts'
import { openAuthorizers } from './security/authorizers/authorizers.ts'
import { openCallers } from './security/callers/callers.ts'
import { createLinks } from './security/callers/one-time-links.ts'
import { DataKeys } from './security/keys/data-keys.ts'
import { startAccessTimes } from './server/access-times.ts'
import { withAwsQuotas } from './server/aws-quotas.ts'
import { BackgroundWork } from './server/background-work.ts'
import { CONSOLE_FOLDER } from './server/console-folder.ts'
import { openFrameDecoder } from './server/frame-decoder.ts'
import { limitedStoreRequests } from './server/limited-store-requests.ts'
import { limitsFor } from './server/limits-for.ts'
import { openLog } from './server/log.ts'
import { memoryOfServer } from './server/memory-of-server.ts'
import { newId } from './server/new-id.ts'
import { openReplyBuffers } from './server/reply-buffers.ts'
import { NO_TRACING } from './server/tracing.ts'
import { readAll } from './stores/blobs/blob-store.ts'
import { openMemoryBlobs } from './stores/blobs/memory/memory-blobs.ts'
import { openMemoryLocations } from './stores/blobs/memory/memory-locations.ts'
import { isClosed } from './stores/locations/locations.ts'
import { isBucketName } from './stores/locations/s3-uri.ts'
import { partitionedCatalog } from './stores/partitioned/partitioned-catalog.ts'
import { openSqliteCatalog } from './stores/sql/open-sqlite.ts'

export interface HilumOptions {
  /** Default: a free one. */
  readonly port?: number
  readonly region?: string
  /** Twelve digits. */
  readonly accountId?: string
  /** Apply the quotas and throttles of AWS. */
  readonly awsQuotas?: boolean
  /** Store kmsKeyArn of CreateDatastore, without effect. Default: it is refused. */
  readonly ignoreKmsKeyArn?: boolean
  /** By the `lambdaAuthorizerArn` of data stores, as in a configuration file: docs/operating/access.md. */
  readonly authorizers?: Readonly<Record<string, AuthorizerConfig>>
  /** By ARN. */
  readonly roles?: Readonly<Record<string, RoleConfig>>
  /** Over how many partitions the studies of a data store are spread. Default: 1. */
  readonly partitions?: number
  readonly limits?: Partial<Limits>
  /** Origins whose pages may call from a browser, or `*` or `none` alone. Default: `*`. */
  readonly corsOrigin?: readonly string[]
  /** Milliseconds since 1970, for tests that control time. */
  readonly clock?: () => number
  readonly logLevel?: 'debug' | 'info' | 'warn' | 'error'
}

export interface Hilum {
  /** `http://127.0.0.1:<port>` */
  readonly endpoint: string
  /** For the official SDK: `new MedicalImagingClient(hilum.client)`. */
  readonly client: {
    readonly endpoint: string
    readonly region: string
    readonly credentials: { readonly accessKeyId: string; readonly secretAccessKey: string }
    /** Without it the SDK calls `runtime-127.0.0.1` for searches, which does not resolve. */
    readonly disableHostPrefix: true
  }
  /** Creates an empty bucket, such as the one of a job's `outputS3Uri`, unless it exists. */
  createBucket(bucket: string): Promise<void>
  /** Stores an object that import jobs read as `s3://bucket/key`. Creates the bucket if it does not exist. */
  putObject(bucket: string, key: string, bytes: Uint8Array): Promise<void>
  /** An object of a bucket, such as a job's manifest. */
  getObject(bucket: string, key: string): Promise<Uint8Array | undefined>
  /** Deletes all data stores, jobs and buckets. The endpoint and the credentials stay the same. */
  reset(): Promise<void>
  stop(): Promise<void>
}

interface Instance {
  readonly protocolHandlers: ReturnType<typeof mountProtocols>
  readonly locations: ReturnType<typeof openMemoryLocations>
  close(): Promise<void>
}

export async function startHilum(options: HilumOptions = {}): Promise<Hilum> {
  const keys = { accessKeyId: `HILUM${newId().slice(0, 15).toUpperCase()}`, secretAccessKey: newId() }
  const wanted = { ...limitsFor(memoryOfServer()), ...options.limits }
  const settings = {
    limits: options.awsQuotas === true ? withAwsQuotas(wanted) : wanted,
    log: openLog({ logLevel: options.logLevel ?? 'error' }),
    region: options.region ?? 'us-east-1',
    accountId: options.accountId ?? '000000000000',
    awsQuotas: options.awsQuotas ?? false,
    serverCount: () => 1,
    clock: options.clock ?? Date.now,
    audit: NO_AUDIT_LOG,
    newId,
  }
  const sealingKey = randomBytes(32)
  const fixed = { ...options, owner: keys, sealingKey, corsOrigins: options.corsOrigin ?? ['*'] }
  let instance = await open(settings, fixed)
  const { log, limits } = settings
  const server = await listen({
    hosts: ['127.0.0.1'],
    port: options.port ?? 0,
    handler: (request) => instance.protocolHandlers.handler(request),
    refuse: (refusal, headers) => instance.protocolHandlers.refuse(refusal, headers),
    limits,
    log,
  })
  const endpoint = `http://127.0.0.1:${server.port}`
  return {
    endpoint,
    client: { endpoint, region: settings.region, credentials: keys, disableHostPrefix: true },
    async createBucket(bucket) {
      instance.locations.createBucket(checkedName(bucket))
    },
    async putObject(bucket, key, bytes) {
      await instance.locations.createBucket(checkedName(bucket)).put(key, bytes)
    },
    async getObject(bucket, key) {
      const objects = await instance.locations.openBucket(bucket)
      const blob = isClosed(objects) ? undefined : await objects.open(key)
      return blob === undefined ? undefined : readAll(blob)
    },
    async reset() {
      await instance.close()
      instance = await open(settings, fixed)
    },
    async stop() {
      await server.stop()
      await instance.close()
    },
  }
}

/** Import jobs refuse the URIs of other names. */
function checkedName(bucket: string): string {
  if (isBucketName(bucket)) return bucket
  throw new TypeError(
    `${JSON.stringify(bucket)} is not a valid name of an S3 bucket. Use 3 to 63 lower-case letters, digits, dots and hyphens, ` +
      'beginning and ending with a letter or a digit.',
  )
}

async function open(
  settings: Omit<
    App,
    | 'catalog'
    | 'blobs'
    | 'locations'
    | 'bucketsOf'
    | 'pageTokens'
    | 'dataKeys'
    | 'background'
    | 'accessTimes'
    | 'replyBuffers'
    | 'frameDecoder'
    | 'uploadUsage'
    | 'consoleLinks'
    | 'downloadLinks'
    | 'throttleBuckets'
    | 'storeRequests'
    | 'workWaits'
    | 'callers'
    | 'authorizers'
    | 'authorize'
  >,
  {
    owner,
    sealingKey,
    corsOrigins,
    ignoreKmsKeyArn,
    authorizers,
    roles,
    partitions = 1,
  }: Pick<HilumOptions, 'ignoreKmsKeyArn' | 'authorizers' | 'roles' | 'partitions'> & {
    readonly owner: Hilum['client']['credentials']
    readonly sealingKey: Uint8Array
    readonly corsOrigins: readonly string[]
  },
): Promise<Instance> {
  const locations = openMemoryLocations()
  const openPartition = (partition: number) => openSqliteCatalog({ path: ':memory:', newId, partition })
  const stores = {
    catalog: partitionedCatalog({ control: await openPartition(0), open: openPartition, spread: partitions }),
    blobs: openMemoryBlobs(),
    locations,
    bucketsOf: () => ({ refusalOf: () => undefined, openBucket: locations.openBucket }),
  }
  const background = new BackgroundWork(settings.log)
  const frames = startFrameThreads(settings.limits)
  const workers = [
    startImportWorker({ ...settings, ...stores, ...NO_TRACING, frames }),
    startWorkflowWorker({ ...settings, ...stores, ...NO_TRACING }),
  ]
  const storeRequests = startStoreRequests({ ...settings, ...stores, ...NO_TRACING, frames })
  const accessTimes = startAccessTimes({ ...settings, ...stores }, settings.limits)
  const app: App = {
    ...settings,
    ...stores,
    callers: openCallers({ ...settings, owner, sealingKey, access: stores.catalog.access }),
    authorizers: openAuthorizers({ ...settings, ...stores.catalog, authorizers, roles }),
    authorize: createAuthorize({ ...settings, tags: stores.catalog.tags }),
    background,
    accessTimes,
    replyBuffers: openReplyBuffers(settings.limits),
    frameDecoder: openFrameDecoder(settings.limits, frames),
    uploadUsage: openUploadUsage({ countedMs: settings.limits.uploadsCountedMs, serverCount: settings.serverCount }),
    ...createLinks(stores.catalog.oneTimeLinks, settings.limits),
    throttleBuckets: new TokenBuckets(settings.limits.rateLimitsKept),
    storeRequests: limitedStoreRequests(storeRequests, settings.limits),
    pageTokens: openPageTokens(await stores.catalog.secret('page-tokens')),
    dataKeys: new DataKeys({
      ...{
        catalog: stores.catalog,
        services: undefined,
        encryptsNew: false,
        ignoresKmsKeys: ignoreKmsKeyArn ?? false,
      },
      dataKeyMs: settings.limits.dataKeyMs,
    }),
    workWaits: () => {
      for (const worker of workers) worker.wake()
    },
  }
  const close = async () => {
    await Promise.all([...workers.map((worker) => worker.stop()), storeRequests.stop()])
    await frames.stop()
    await background.drain()
    await accessTimes.stop()
    await stores.catalog.close()
  }
  const protocolHandlers = mountProtocols(app, {
    ...{ handlers, extensions, dicomweb: dicomwebOperations, consoleFolder: CONSOLE_FOLDER, corsOrigins },
  })
  return { protocolHandlers, locations, close }
}
