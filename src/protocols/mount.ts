/** Mounts the protocols on one port by path: the console, the extensions below /hilum/, DICOMweb, and the API at every other path. */
import type { App } from '../app.ts'
import type { DicomwebOperations } from '../contract/dicomweb.ts'
import type { Downloads } from '../contract/downloads.ts'
import type { Extensions } from '../contract/extensions.ts'
import type { Handlers } from '../contract/handlers.ts'
import { operations } from '../contract/operations.ts'
import { awsHandler } from './aws/serve.ts'
import { streamVerifierOver } from './aws/signed-stream.ts'
import { createSignatureReader, verifierOver } from './aws/sigv4.ts'
import { writeRefusal } from './aws/write-error.ts'
import { CONSOLE_PATHS, consoleHandler } from './console/serve.ts'
import { type CorsOrigins, corsFor } from './cors.ts'
import { DICOMWEB_ROUTES } from './dicomweb/routes.ts'
import { dicomwebHandler } from './dicomweb/serve.ts'
import { DOWNLOAD_PATH } from './hilum/download-routes.ts'
import { REDEEM_PATH } from './hilum/link-routes.ts'
import { hilumHandler } from './hilum/serve.ts'
import { HttpRefusal } from './http/http-refusal.ts'
import { unknownHostSentence } from './http/known-hosts.ts'
import { createRateLimits, type RefusalReason, type ShareRate } from './http/rate-limits.ts'
import { createRouter } from './http/router.ts'
import { type ProtocolHandler, splitTarget, type WriteRefusal } from './http/wire.ts'
import { MONITORING_PATHS, type Monitoring, monitoringHandler } from './monitoring.ts'

interface Mounting {
  readonly handlers: Handlers<App>
  readonly extensions: Extensions<App>
  readonly dicomweb: DicomwebOperations<App> & Downloads<App>
  /** The built console. */
  readonly consoleFolder: string
  /** Origins whose pages may call the signed routes. */
  readonly corsOrigins: CorsOrigins
  /** Absent in `hilum/testing`. */
  readonly monitoring?: Monitoring
  /** Whether the server answers to a Host header; default: to every one. */
  readonly isKnownHost?: (host: string | undefined) => boolean
  /** A request was refused before any protocol saw it. */
  readonly onRefused?: (reason: RefusalReason) => void
  /** Default: the rates are those of this process. */
  readonly shareRate?: ShareRate
}

const monitoringRoutes = (monitoring: Monitoring) =>
  MONITORING_PATHS.map((path) => ({ http: `* ${path}` as const, handler: monitoringHandler(monitoring) }))

/** A route, for the test that none is reached without a decision. */
interface MountedRoute {
  readonly http: string
  /** Reached without a signature. */
  readonly isPublic: boolean
  /** A bearer token is accepted instead of a signature. */
  readonly takesTokens?: true
}

interface Mounted {
  readonly routes: readonly MountedRoute[]
  readonly handler: ProtocolHandler
  /** Refuses a request that reaches no protocol, in the error format of the API, which most clients speak. */
  readonly refuse: WriteRefusal
}

export function mountProtocols(
  app: App,
  {
    handlers,
    extensions,
    dicomweb: dicomwebOperations,
    consoleFolder,
    corsOrigins,
    monitoring,
    isKnownHost,
    onRefused = () => {},
    shareRate,
  }: Mounting,
): Mounted {
  const cors = corsFor(corsOrigins)
  const withCors =
    (handler: ProtocolHandler): ProtocolHandler =>
    (request) =>
      cors.answer(request, handler)
  const rateLimits = createRateLimits(app, onRefused, shareRate)
  const { checkPrincipal, signatures: failures } = rateLimits
  const { limits } = app
  const readSignature = createSignatureReader({
    ...{ credentials: app.callers, limits, service: 'medical-imaging', failures },
  })
  const verify = verifierOver(readSignature, failures)
  const verifyStream = streamVerifierOver(readSignature, { limits, failures })
  const hilum = hilumHandler(app, { verify, checkPrincipal, extensions, downloads: dicomwebOperations })
  const aws = withCors(awsHandler(app, handlers, { verify, checkPrincipal }))
  const console = consoleHandler(consoleFolder)
  const consolePaths = CONSOLE_PATHS.map((path) => ({ http: `* ${path}` as const, handler: console }))
  const monitored = monitoring === undefined ? [] : monitoringRoutes(monitoring)
  const dicomweb = withCors(
    dicomwebHandler(app, { verify, verifyStream, checkPrincipal, failures, operations: dicomwebOperations }),
  )
  const find = createRouter<{ readonly http: `${string} /${string}`; readonly handler: ProtocolHandler }>([
    ...consolePaths,
    ...monitored,
    // Without CORS: they take unsigned requests, so no page of another origin may call them.
    { http: `* ${REDEEM_PATH}`, handler: hilum.handler },
    { http: `* ${DOWNLOAD_PATH}`, handler: hilum.handler },
    { http: '* /hilum/{path+}', handler: withCors(hilum.handler) },
    ...DICOMWEB_ROUTES.map(({ http }) => ({ http, handler: dicomweb })),
  ])
  const routes: MountedRoute[] = [
    ...[...consolePaths, ...monitored].map(({ http }) => ({ http, isPublic: true })),
    ...hilum.routes.map(({ http, isUnsigned, redeem }) => ({
      http,
      isPublic: isUnsigned === true || redeem !== undefined,
    })),
    ...DICOMWEB_ROUTES.map(({ http }) => ({ http, isPublic: false, takesTokens: true as const })),
    ...Object.values(operations).map(({ http }) => ({ http, isPublic: false })),
  ]
  const refuse: WriteRefusal = (refusal, headers) => cors.readable(writeRefusal(refusal), headers)
  function refusalOfHost(host: string | undefined): HttpRefusal | undefined {
    if (isKnownHost?.(host) !== false) return undefined
    onRefused('host')
    return new HttpRefusal(403, unknownHostSentence(host))
  }

  return {
    routes,
    handler(request) {
      const refusal = rateLimits.refusalOf(request) ?? refusalOfHost(request.headers.host)
      if (refusal !== undefined) return Promise.resolve(refuse(refusal, request.headers))
      const match = find(request.method, splitTarget(request.target).path)
      return (match?.route.handler ?? aws)(request)
    },
    refuse,
  }
}
