/** Records each request in the audit log before its reply is sent. Without the line, the reply is a 503. */
import type { App } from '../../app.ts'
import type { AnsweredRequest } from '../../security/audit/cloudtrail-event.ts'
import type { Need } from '../../security/authorization/operation-needs.ts'
import type { Caller } from '../../security/callers/caller.ts'
import { addressOf } from '../http/connections.ts'
import { abandonReply } from '../http/send-reply.ts'
import type { WireReply, WireRequest } from '../http/wire.ts'
import { contractErrorOf, writeError } from './write-error.ts'

/** What the handler learns while it answers. */
export interface RequestFacts {
  caller?: Caller
  refusedByAuthorizer?: string | undefined
  needs?: readonly Need[]
  created?: Readonly<Record<string, string>>
  /** Instead of that of the call. */
  eventName?: string | undefined
}

export interface AuditedCall extends Pick<AnsweredRequest, 'eventSource' | 'eventName' | 'isReadOnly' | 'isDataEvent'> {
  readonly request: WireRequest
  readonly requestId: string
  /** Of a request that is refused before its input was read. */
  readonly claimedResources: readonly string[]
}

export async function audited(
  audit: App['audit'],
  call: AuditedCall,
  answer: (facts: RequestFacts) => Promise<WireReply>,
): Promise<WireReply> {
  const { request, requestId } = call
  const sourceNetwork = addressOf(request.remoteAddress)
  const facts: RequestFacts = {}
  let reply: WireReply | undefined
  try {
    audit.check(sourceNetwork)
    reply = await answer(facts)
    const { caller, needs } = facts
    await audit.record({
      eventSource: call.eventSource,
      eventName: facts.eventName ?? call.eventName,
      isReadOnly: call.isReadOnly,
      isDataEvent: call.isDataEvent,
      caller,
      refusedByAuthorizer: facts.refusedByAuthorizer,
      claimedKeyId: caller === undefined ? claimedKeyIdOf(request) : undefined,
      resourceArns: needs === undefined ? call.claimedResources : resourcesOf(needs),
      created: facts.created,
      sourceAddress: request.remoteAddress,
      sourceNetwork,
      userAgent: request.headers['user-agent'],
      requestId,
      status: reply.status,
      errorCode: reply.headers['x-amzn-ErrorType'],
    })
    return reply
  } catch (thrown) {
    if (reply !== undefined) await abandonReply(reply)
    return writeError(contractErrorOf(thrown), call.eventName)
  }
}

/** Each once, without `*`. */
function resourcesOf(needs: readonly Need[]): readonly string[] {
  const resources: string[] = []
  for (const { resource } of needs) {
    if (resource !== '*' && !resources.includes(resource)) resources.push(resource)
  }
  return resources
}

function claimedKeyIdOf({ headers, target }: WireRequest): string | undefined {
  const [, inHeader] = /Credential=(\w{16,128})\//.exec(headers.authorization ?? '') ?? []
  const [, inQuery] = /[?&]X-Amz-Credential=(\w{16,128})(?:%2F|\/)/i.exec(target) ?? []
  return inHeader ?? inQuery
}
