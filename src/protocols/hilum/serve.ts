/**
 * The protocol handler below /hilum/: what Hilum offers beyond the API (docs/extensions.md). Requests are signed and errors are written as
 * in the API, so that a client needs no second format.
 */
import type { App } from '../../app.ts'
import type { Downloads } from '../../contract/downloads.ts'
import { ContractError } from '../../contract/errors.ts'
import type { Extensions } from '../../contract/extensions.ts'
import { arnsOf } from '../../security/authorization/arns.ts'
import type { Need } from '../../security/authorization/operation-needs.ts'
import type { Caller } from '../../security/callers/caller.ts'
import { audited, type RequestFacts } from '../aws/audited.ts'
import type { Verify } from '../aws/sigv4.ts'
import { contractErrorOf, uuidOf, withRequestId, writeError } from '../aws/write-error.ts'
import type { RateLimits } from '../http/rate-limits.ts'
import { createRouter, type RouteMatch } from '../http/router.ts'
import { type ProtocolHandler, splitTarget, type WireReply, type WireRequest } from '../http/wire.ts'
import { auditRoutes } from './audit-routes.ts'
import { downloadRoutes } from './download-routes.ts'
import { fileRoutes } from './file-routes.ts'
import { linkRoutes } from './link-routes.ts'
import { maintenanceRoutes } from './maintenance-routes.ts'
import { policyRoutes } from './policy-routes.ts'
import { principalRoutes } from './principal-routes.ts'
import { reportRoutes } from './report-routes.ts'
import type { HilumRoute } from './route.ts'
import { uploadRoutes } from './upload-routes.ts'

export function hilumHandler(
  app: App,
  {
    verify,
    checkPrincipal,
    extensions,
    downloads,
  }: {
    readonly verify: Verify
    readonly checkPrincipal: RateLimits['checkPrincipal']
    readonly extensions: Extensions<App>
    readonly downloads: Downloads<App>
  },
): { readonly handler: ProtocolHandler; readonly routes: readonly HilumRoute[] } {
  const routes = [
    ...linkRoutes(app),
    ...uploadRoutes(app, extensions),
    ...downloadRoutes(app, downloads),
    ...reportRoutes(app, extensions),
    ...fileRoutes(app, extensions),
    ...principalRoutes(app, extensions),
    ...policyRoutes(app, extensions),
    ...maintenanceRoutes(app, extensions),
    ...auditRoutes(app, extensions),
  ]
  const find = createRouter<HilumRoute>(routes)

  const arns = arnsOf(app)

  async function answer(request: WireRequest, requestId: string): Promise<WireReply> {
    const { path, query } = splitTarget(request.target)
    const match = find(request.method, path)
    if (match === undefined || hasEmptyLabel(match)) throw new ContractError('UnknownOperationException', '')
    const { route, labels } = match
    const call = { ...eventOf(route), request, requestId, claimedResources: [] }
    const reply = await audited(app.audit, call, async (facts) => {
      try {
        if (route.isUnsigned) return await route.answer(request)
        const now = app.clock()
        if (route.redeem !== undefined) {
          const redeemed = await route.redeem(decoded(labels), arns)
          checkCaller(redeemed.caller, { facts, now })
          await checkNeeds(redeemed, { request, facts, now })
          return await redeemed.answer()
        }
        const { caller, body } = await verify(request, { now, bodyBytes: app.limits.requestBodyBytes })
        checkCaller(caller, { facts, now })
        const signed = { request, caller, body, labels: decoded(labels), query: new URLSearchParams(query) }
        const needs = route.needs(signed, arns)
        facts.eventName = route.eventName ?? nameOf(needs)
        await checkNeeds({ caller, needs }, { request, facts, now })
        return await route.answer(signed)
      } catch (thrown) {
        return errorReply(thrown)
      }
    })
    return { ...reply, operation: route.http }
  }

  function checkCaller(caller: Caller, { facts, now }: { readonly facts: RequestFacts; readonly now: number }): void {
    facts.caller = caller
    checkPrincipal(caller.id, now)
  }

  async function checkNeeds(
    { caller, needs }: { readonly caller: Caller; readonly needs: readonly Need[] },
    { request, facts, now }: { readonly request: WireRequest; readonly facts: RequestFacts; readonly now: number },
  ): Promise<void> {
    facts.needs = needs
    await app.authorize(caller, needs, { ...request, now })
  }

  function errorReply(thrown: unknown): WireReply {
    const error = contractErrorOf(thrown)
    if (error.cause instanceof Error) app.log.error({ stack: error.cause.stack }, 'a request below /hilum/ failed')
    return writeError(error)
  }

  async function handler(request: WireRequest): Promise<WireReply> {
    const requestId = uuidOf(app.newId())
    return withRequestId(await answer(request, requestId).catch(errorReply), requestId)
  }
  return { handler, routes }
}

/** Method and route until the action is known. */
const eventOf = ({ http, eventName = http, isDataEvent = false }: HilumRoute) => ({
  eventSource: 'hilum' as const,
  eventName,
  isReadOnly: http.startsWith('GET '),
  isDataEvent,
})

/** The action without `hilum:`. */
const nameOf = ([need]: readonly Need[]): string | undefined => need?.action.split(':')[1]

const hasEmptyLabel = ({ labels }: RouteMatch<HilumRoute>): boolean => Object.values(labels).includes('')

function decoded(labels: Readonly<Record<string, string>>): Record<string, string> {
  try {
    return Object.fromEntries(Object.entries(labels).map(([name, text]) => [name, decodeURIComponent(text)]))
  } catch {
    throw new ContractError('ValidationException', 'The path is not well-formed: it must be UTF-8, percent-encoded.')
  }
}
