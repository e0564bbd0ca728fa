/**
 * The protocol handler of the AWS API (restJson1): route, verify, throttle, read, authorize, call, write. A caller without a valid signature learns
 * only whether the path exists (404, as from AWS).
 */
import type { App } from '../../app.ts'
import { ContractError, type ErrorName } from '../../contract/errors.ts'
import type { ExtensionHeader, Handler, Handlers } from '../../contract/handlers.ts'
import { type OperationName, operations } from '../../contract/operations.ts'
import { THROTTLES } from '../../contract/quotas.ts'
import { type Arns, arnsOf } from '../../security/authorization/arns.ts'
import { OPERATION_NEEDS } from '../../security/authorization/operation-needs.ts'
import type { Caller } from '../../security/callers/caller.ts'
import type { RateLimits } from '../http/rate-limits.ts'
import { type ProtocolHandler, splitTarget, type WireReply, type WireRequest } from '../http/wire.ts'
import { type AuditedCall, audited, type RequestFacts } from './audited.ts'
import { inputReader } from './read-input.ts'
import { createOperationRouter } from './route.ts'
import { logServerFault } from './server-fault.ts'
import type { Verify } from './sigv4.ts'
import { createThrottle } from './throttle.ts'
import { contractErrorOf, uuidOf, withRequestId, writeError } from './write-error.ts'
import { outputWriter } from './write-output.ts'

type Routed = {
  readonly request: WireRequest
  readonly body: Uint8Array
  readonly labels: Readonly<Record<string, string>>
  readonly query: string
  readonly caller: Caller
  readonly now: number
  readonly facts: RequestFacts
}
type Answer = (routed: Routed) => Promise<WireReply>

export function awsHandler(
  app: App,
  handlers: Handlers<App>,
  { verify, checkPrincipal }: { readonly verify: Verify; readonly checkPrincipal: RateLimits['checkPrincipal'] },
): ProtocolHandler {
  const find = createOperationRouter()
  const arns = arnsOf(app)
  const throttle = app.awsQuotas ? createThrottle(THROTTLES, app) : undefined
  const answers = Object.fromEntries(
    (Object.keys(operations) as OperationName[]).map((name) => [name, answerOf(name, handlers, app)]),
  ) as Record<OperationName, Answer>

  async function answer(request: WireRequest, requestId: string): Promise<WireReply> {
    const { path, query } = splitTarget(request.target)
    const match = find(request.method, path)
    // Not on record: without an operation there is nothing that it could have read or changed.
    if (match === undefined) return writeError(new ContractError('UnknownOperationException', ''))
    const { labels } = match
    const { operation } = match.route
    const { eventSource, eventName, isReadOnly, isDataEvent } = EVENTS[operation]
    const claimedResources = resourcesIn(labels, arns)
    const call = { eventSource, eventName, isReadOnly, isDataEvent, request, requestId, claimedResources }
    return audited(app.audit, call, async (facts) => {
      try {
        const now = app.clock()
        const { caller, body } = await verify(request, { now, bodyBytes: app.limits.requestBodyBytes })
        facts.caller = caller
        checkPrincipal(caller.id, now)
        if (throttle !== undefined) await throttle(caller.id, operation, now)
        return await answers[operation]({ request, body, labels, query, caller, now, facts })
      } catch (thrown) {
        const error = contractErrorOf(thrown)
        logServerFault(error, { operation, requestId, modelled: modelled(operation), log: app.log })
        return writeError(error, operation)
      }
    })
  }
  return async (request) => {
    const requestId = uuidOf(app.newId())
    const reply = await answer(request, requestId)
    return withRequestId(reply, requestId)
  }
}

function answerOf<N extends OperationName>(operation: N, handlers: Handlers<App>, app: App): Answer {
  const read = inputReader(operation)
  const write = outputWriter(operation)
  const handler: Handler<N, App> = handlers[operation]
  const needsOf = OPERATION_NEEDS[operation]
  const arns = arnsOf(app)
  const { isReadOnly } = EVENTS[operation]
  return async ({ request, body, labels, query, caller, now, facts }) => {
    const input = read({ labels, query, body })
    const needs = needsOf(input, arns)
    facts.needs = needs
    const { remoteAddress, isSecure } = request
    const decision = app.authorize(caller, needs, { remoteAddress, isSecure, now })
    // No turn of the event loop for the usual decision, which is made without a read.
    if (decision instanceof Promise) await decision
    const replyHeaders: Record<ExtensionHeader, string> = {}
    const output = await handler(input, app, { requestHeaders: (name) => request.headers[name], replyHeaders })
    const reply = write(output)
    if (!isReadOnly) facts.created = idsIn(output)
    const isPlain = Object.keys(replyHeaders).length === 0
    return isPlain ? reply : { ...reply, headers: { ...reply.headers, ...replyHeaders } }
  }
}

/** For the audit log. As on AWS, GetImageFrame is the only data event. */
const EVENTS = Object.fromEntries(
  (Object.keys(operations) as OperationName[]).map((eventName) => [
    eventName,
    {
      eventSource: 'medical-imaging.amazonaws.com' as const,
      eventName,
      isReadOnly: /^(Get|List|Search)/.test(eventName),
      isDataEvent: eventName === 'GetImageFrame',
    },
  ]),
) as Record<OperationName, Pick<AuditedCall, 'eventSource' | 'eventName' | 'isReadOnly' | 'isDataEvent'>>

/** The ARNs that the path names, for a request whose input is not read. */
function resourcesIn({ datastoreId, imageSetId }: Routed['labels'], arns: Arns): string[] {
  const isId = (label: string | undefined): label is string => label !== undefined && /^[0-9a-z]{32}$/.test(label)
  if (!isId(datastoreId)) return []
  return [arns.datastore(datastoreId), ...(isId(imageSetId) ? [arns.imageSet(datastoreId, imageSetId)] : [])]
}

/** The ids in an output, such as that of a new data store, job or copy. */
function idsIn(output: object): Readonly<Record<string, string>> {
  const { destinationImageSetProperties, ...own } = output as Record<string, unknown>
  const { imageSetId } = (destinationImageSetProperties ?? {}) as { readonly imageSetId?: string }
  const ids = Object.entries(own).filter(
    ([name, value]) => /^(datastore|imageSet|job)Id$/.test(name) && typeof value === 'string',
  )
  return { ...Object.fromEntries(ids), ...(imageSetId !== undefined && { destinationImageSetId: imageSetId }) }
}

const modelled = (operation: OperationName): readonly ErrorName[] => operations[operation].errors
