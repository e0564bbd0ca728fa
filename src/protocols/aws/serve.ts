/**
 * The protocol handler of the AWS API (restJson1): route, verify, throttle, read, authorize, call, write. A caller without a valid signature learns
 * only whether the path exists (404, as from AWS).
 */
import type { App, Log } from '../../app.ts'
import { ContractError, type ErrorName, isProtocolError, TemporarilyUnavailable } from '../../contract/errors.ts'
import type { ExtensionHeader, Handler, Handlers } from '../../contract/handlers.ts'
import { type OperationName, operations } from '../../contract/operations.ts'
import { arnsOf } from '../../security/authorization/arns.ts'
import { OPERATION_NEEDS } from '../../security/authorization/operation-needs.ts'
import type { Caller } from '../../security/callers/caller.ts'
import { type ProtocolHandler, splitTarget, type WireReply, type WireRequest } from '../http/wire.ts'
import { inputReader } from './read-input.ts'
import { createOperationRouter } from './route.ts'
import { createVerifier } from './sigv4.ts'
import { createThrottle } from './throttle.ts'
import { contractErrorOf, withRequestId, writeError } from './write-error.ts'
import { outputWriter } from './write-output.ts'

type Routed = {
  readonly request: WireRequest
  readonly body: Uint8Array
  readonly labels: Readonly<Record<string, string>>
  readonly query: string
  readonly caller: Caller
  readonly now: number
}
type Answer = (routed: Routed) => Promise<WireReply>

export function awsHandler(app: App, handlers: Handlers<App>): ProtocolHandler {
  const find = createOperationRouter()
  const verify = createVerifier({ credentials: app.callers, limits: app.limits, service: 'medical-imaging' })
  const throttle = app.awsQuotas ? createThrottle() : undefined
  const answers = Object.fromEntries(
    (Object.keys(operations) as OperationName[]).map((name) => [name, answerOf(name, handlers, app)]),
  ) as Record<OperationName, Answer>

  async function answer(request: WireRequest, requestId: string): Promise<WireReply> {
    const { path, query } = splitTarget(request.target)
    const match = find(request.method, path)
    if (match === undefined) return writeError(new ContractError('UnknownOperationException', ''))
    const { labels } = match
    const { operation } = match.route
    try {
      const now = app.clock()
      const { caller, body } = await verify(request, { now, bodyBytes: app.limits.requestBodyBytes })
      throttle?.(caller.id, operation, now)
      return await answers[operation]({ request, body, labels, query, caller, now })
    } catch (thrown) {
      const error = contractErrorOf(thrown)
      logServerFault(error, { operation, requestId, log: app.log })
      return writeError(error, operation)
    }
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
  return async ({ request, body, labels, query, caller, now }) => {
    const input = read({ labels, query, body })
    const decision = app.authorize(caller, needsOf(input, arns), { remoteAddress: request.remoteAddress, now })
    // No turn of the event loop for the usual decision, which is made without a read.
    if (decision instanceof Promise) await decision
    const replyHeaders: Record<ExtensionHeader, string> = {}
    const output = await handler(input, app, { requestHeaders: (name) => request.headers[name], replyHeaders })
    const reply = write(output)
    return { ...reply, headers: { ...reply.headers, ...replyHeaders } }
  }
}

function logServerFault(
  error: ContractError,
  context: { operation: OperationName; requestId: string; log: Log },
): void {
  const { operation, requestId, log } = context
  if (error.name === 'InternalServerException') {
    log.error({ operation, requestId, stack: stackOf(error.cause ?? error) }, 'an operation failed')
  } else if (error.cause instanceof TemporarilyUnavailable) {
    log.error({ operation, requestId, reason: error.cause.message }, 'an operation could not use a store')
  } else if (!isProtocolError(error.name) && !modelled(operation).includes(error.name)) {
    log.error({ operation, requestId, error: error.name }, 'an operation returned an error that it does not model')
  }
}

const modelled = (operation: OperationName): readonly ErrorName[] => operations[operation].errors

/** A SyntaxError of JSON.parse quotes the text, which may hold a patient's values: only its name and stack frames are logged. */
function stackOf(cause: unknown): string | undefined {
  if (!(cause instanceof Error)) return typeof cause
  return cause instanceof SyntaxError ? cause.stack?.replace(/^.*?(?=\n {4}at )/s, cause.name) : cause.stack
}

/** 32 hex digits in the format of AWS's request ids. */
const uuidOf = (id: string): string =>
  `${id.slice(0, 8)}-${id.slice(8, 12)}-${id.slice(12, 16)}-${id.slice(16, 20)}-${id.slice(20)}`
