/**
 * The protocol handler below /hilum/: what Hilum offers beyond the API (docs/extensions.md). Requests are signed and errors are written as
 * in the API, so that a client needs no second format.
 */
import type { App } from '../../app.ts'
import { ContractError } from '../../contract/errors.ts'
import type { Extensions } from '../../contract/extensions.ts'
import { arnsOf } from '../../security/authorization/arns.ts'
import type { Verify } from '../aws/sigv4.ts'
import { contractErrorOf, writeError } from '../aws/write-error.ts'
import { createRouter, type RouteMatch } from '../http/router.ts'
import { type ProtocolHandler, splitTarget, type WireReply, type WireRequest } from '../http/wire.ts'
import { fileRoutes } from './file-routes.ts'
import { linkRoutes } from './link-routes.ts'
import { policyRoutes } from './policy-routes.ts'
import { principalRoutes } from './principal-routes.ts'
import { reportRoutes } from './report-routes.ts'
import type { HilumRoute } from './route.ts'
import { uploadRoutes } from './upload-routes.ts'

export function hilumHandler(
  app: App,
  { verify, extensions }: { readonly verify: Verify; readonly extensions: Extensions<App> },
): { readonly handler: ProtocolHandler; readonly routes: readonly HilumRoute[] } {
  const routes = [
    ...linkRoutes(app),
    ...uploadRoutes(app, extensions),
    ...reportRoutes(app, extensions),
    ...fileRoutes(app, extensions),
    ...principalRoutes(app, extensions),
    ...policyRoutes(app, extensions),
  ]
  const find = createRouter<HilumRoute>(routes)

  const arns = arnsOf(app)

  async function answer(request: WireRequest): Promise<WireReply> {
    const { path, query } = splitTarget(request.target)
    const match = find(request.method, path)
    if (match === undefined || hasEmptyLabel(match)) throw new ContractError('UnknownOperationException', '')
    const { route, labels } = match
    const operation = route.http
    if (route.isUnsigned) return { ...(await route.answer(request)), operation }
    const now = app.clock()
    const { caller, body } = await verify(request, { now, bodyBytes: app.limits.requestBodyBytes })
    const call = { caller, body, labels: decoded(labels), query: new URLSearchParams(query) }
    await app.authorize(caller, route.needs(call, arns), { remoteAddress: request.remoteAddress, now })
    return { ...(await route.answer(call)), operation }
  }

  async function handler(request: WireRequest): Promise<WireReply> {
    try {
      return await answer(request)
    } catch (thrown) {
      const error = contractErrorOf(thrown)
      if (error.cause instanceof Error) app.log.error({ stack: error.cause.stack }, 'a request below /hilum/ failed')
      return writeError(error)
    }
  }
  return { handler, routes }
}

const hasEmptyLabel = ({ labels }: RouteMatch<HilumRoute>): boolean => Object.values(labels).includes('')

function decoded(labels: Readonly<Record<string, string>>): Record<string, string> {
  try {
    return Object.fromEntries(Object.entries(labels).map(([name, text]) => [name, decodeURIComponent(text)]))
  } catch {
    throw new ContractError('ValidationException', 'The path is not well-formed: it must be UTF-8, percent-encoded.')
  }
}
