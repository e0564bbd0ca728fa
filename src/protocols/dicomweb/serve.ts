/**
 * The entry of DICOMweb: finds the route, verifies the caller by a signature or by a bearer token, and authorizes the action. Bearer tokens
 * are accepted here only, as on AWS. answers.ts has the function that answers each request.
 */
import type { App } from '../../app.ts'
import type { DicomwebOperations } from '../../contract/dicomweb.ts'
import { ContractError, type ErrorName } from '../../contract/errors.ts'
import { DICOMWEB_THROTTLES } from '../../contract/quotas.ts'
import { arnsOf } from '../../security/authorization/arns.ts'
import type { Need } from '../../security/authorization/operation-needs.ts'
import { tokenRefusalIn } from '../../security/authorizers/authorizer-error.ts'
import { bearerTokenOf } from '../../security/authorizers/authorizers.ts'
import type { Caller } from '../../security/callers/caller.ts'
import { audited } from '../aws/audited.ts'
import { logServerFault } from '../aws/server-fault.ts'
import { type StreamedBody, streamOf, type VerifyStream } from '../aws/signed-stream.ts'
import type { Verify } from '../aws/sigv4.ts'
import { createThrottle } from '../aws/throttle.ts'
import { contractErrorOf, uuidOf, withRequestId, writeError } from '../aws/write-error.ts'
import type { RateLimits, SignatureFailures } from '../http/rate-limits.ts'
import { createRouter } from '../http/router.ts'
import { type ProtocolHandler, splitTarget, type WireReply, type WireRequest } from '../http/wire.ts'
import { ANSWERS } from './answers.ts'
import { DICOMWEB_ROUTES, namedIn, nameOf, needsOf } from './routes.ts'

/** As the operations of the API (reference of DICOMweb: NotAcceptableException is its own). */
const MODELLED: readonly ErrorName[] = [
  ...(['AccessDeniedException', 'BadRequestException', 'ConflictException', 'InternalServerException'] as const),
  'NotAcceptableException',
  ...(['ResourceNotFoundException', 'ThrottlingException', 'ValidationException'] as const),
]
const READING = new Set(['GET', 'OPTIONS'])
const NO_BODY: StreamedBody = { bytes: (async function* () {})(), isHeld: false }
const ID = /^[0-9a-z]{32}$/
/** DICOM PS3.5, 9.1, with the longer ones that AWS imports. */
const UID = /^[0-9.]{1,256}$/

export function dicomwebHandler(
  app: App,
  {
    verify,
    verifyStream,
    checkPrincipal,
    failures,
    operations,
  }: {
    readonly verify: Verify
    /** For the actions that store. */
    readonly verifyStream: VerifyStream
    readonly checkPrincipal: RateLimits['checkPrincipal']
    /** Limits what wrong tokens cost; the verifier counts bad signatures itself. */
    readonly failures: SignatureFailures
    readonly operations: DicomwebOperations<App>
  },
): ProtocolHandler {
  const find = createRouter(DICOMWEB_ROUTES)
  const arns = arnsOf(app)
  const throttle = app.awsQuotas ? createThrottle(DICOMWEB_THROTTLES, app) : undefined

  async function callerOf(
    request: WireRequest,
    at: { datastoreId: string; operation: string; now: number },
  ): Promise<{ readonly caller: Caller; readonly body: StreamedBody }> {
    const token = bearerTokenOf(request.headers.authorization)
    if (token !== undefined) {
      const caller = await callerOfToken(token, request, at)
      return { caller, body: { bytes: streamOf(request, app.limits), isHeld: false } }
    }
    if (at.operation.startsWith('Store')) {
      const { caller, ...body } = await verifyStream(request, at)
      return { caller, body }
    }
    const { caller } = await verify(request, { now: at.now, bodyBytes: app.limits.requestBodyBytes })
    return { caller, body: NO_BODY }
  }

  async function callerOfToken(
    token: string,
    request: WireRequest,
    at: { datastoreId: string; operation: string; now: number },
  ): Promise<Caller> {
    const decideAfterSeconds = failures.waitSeconds(request, at.now)
    try {
      return await app.authorizers.authenticate({ token, ...at, decideAfterSeconds })
    } catch (error) {
      const refusal = tokenRefusalIn(error)
      if (refusal?.isDecided) failures.count(request, at.now)
      const isThrottled = error instanceof ContractError && error.name === 'ThrottlingException'
      if (isThrottled && refusal === undefined) failures.refused()
      throw error
    }
  }

  async function answer(request: WireRequest, requestId: string): Promise<WireReply> {
    const { path, query } = splitTarget(request.target)
    const match = find(request.method, path)
    if (match === undefined) return writeError(new ContractError('UnknownOperationException', ''))
    const { route } = match
    const parameters = new URLSearchParams(query)
    const { labels, actions } = namedIn(route, match.labels, parameters)
    const action = actions[0]!
    const operation = nameOf(route)
    const isId = ID.test(labels.datastoreId!)
    const call = {
      ...({ eventSource: 'medical-imaging.amazonaws.com', eventName: operation } as const),
      ...{ isReadOnly: READING.has(request.method), isDataEvent: action.startsWith('GetDICOM') },
      ...{ request, requestId, claimedResources: isId ? [arns.datastore(labels.datastoreId!)] : [] },
    }
    return audited(app.audit, call, async (facts) => {
      try {
        const now = app.clock()
        const datastoreId = labels.datastoreId!
        const { caller, body } = await callerOf(request, { datastoreId, operation: action, now })
        facts.caller = caller
        checkPrincipal(caller.id, now)
        if (throttle !== undefined) await throttle(caller.id, action, now)
        checkLabels(labels)
        const imageSetId = parameters.get('imageSetId') ?? undefined
        if (imageSetId !== undefined && !ID.test(imageSetId))
          throw invalid('imageSetId must be the id of an image set.')
        const needs = actions.flatMap((each) => needsOf(each, labels, { imageSetId, arns }))
        facts.needs = needs
        await app.authorize(caller, needs, { ...request, now })
        const authorize = async (more: readonly Need[]) => {
          facts.needs = [...needs, ...more]
          await app.authorize(caller, more, { ...request, now })
        }
        const toAnswer = { request, body, labels, query: parameters, imageSetId, caller, authorize }
        return { ...(await ANSWERS[operation](toAnswer, { app, operations })), operation }
      } catch (thrown) {
        facts.refusedByAuthorizer = tokenRefusalIn(thrown)?.authorizerArn
        const error = contractErrorOf(thrown)
        logServerFault(error, { operation, requestId, modelled: MODELLED, log: app.log })
        return writeError(error, operation)
      }
    })
  }

  return async (request) => {
    const requestId = uuidOf(app.newId())
    return withRequestId(await answer(request, requestId), requestId)
  }
}

function checkLabels({ datastoreId, study, series, instance }: Readonly<Record<string, string>>): void {
  if (!ID.test(datastoreId!)) throw invalid('The path must name a data store by its id.')
  for (const uid of [study, series, instance]) {
    if (uid !== undefined && !UID.test(uid)) throw invalid('A UID must be digits and dots.')
  }
}

const invalid = (message: string) => new ContractError('ValidationException', message)
