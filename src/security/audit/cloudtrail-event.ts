/**
 * The members of a line, under CloudTrail's names ("CloudTrail record contents"). No member holds a body, a query or an error message: these may
 * hold values of a patient.
 */
import { randomUUID } from 'node:crypto'
import type { BearerIdentity, Caller } from '../callers/caller.ts'

/** What a protocol handler knows of a request that it answers. */
export interface AnsweredRequest {
  readonly eventSource: 'medical-imaging.amazonaws.com' | 'hilum'
  /** The name of the operation or action. For a request below /hilum/ that was refused before its action was known: method and route. */
  readonly eventName: string
  readonly isReadOnly: boolean
  /** As on AWS: GetImageFrame is a data event, all others are management events. */
  readonly isDataEvent: boolean
  /** Undefined until the signature was verified. */
  readonly caller: Caller | undefined
  /** Of the authorizer that refused a bearer token. */
  readonly refusedByAuthorizer?: string | undefined
  /** The access key that an unverified request names. */
  readonly claimedKeyId: string | undefined
  readonly resourceArns: readonly string[]
  /** Ids of what the request created. */
  readonly created: Readonly<Record<string, string>> | undefined
  readonly sourceAddress: string | undefined
  /** An IPv4 address or an IPv6 /64 network, for which refusals are limited. */
  readonly sourceNetwork: string
  readonly userAgent: string | undefined
  readonly requestId: string
  readonly status: number
  readonly errorCode: string | undefined
}

export interface EventContext {
  readonly region: string
  readonly accountId: string
}

/** Members that come from outside are cut at this length, so that a request cannot write a line of any size. */
const CHARACTERS_MAX = 512
const RESOURCES_MAX = 100

/** The time that was written last: a busy server answers many requests in a millisecond. */
let lastWritten = { ms: Number.NaN, text: '' }

function timeText(ms: number): string {
  if (lastWritten.ms !== ms) lastWritten = { ms, text: new Date(ms).toISOString() }
  return lastWritten.text
}

export const eventOfRequest = (request: AnsweredRequest, now: number, context: EventContext): object => ({
  eventVersion: '1.11',
  eventTime: timeText(now),
  eventSource: request.eventSource,
  eventName: request.eventName,
  awsRegion: context.region,
  sourceIPAddress: request.sourceAddress,
  userAgent: cut(request.userAgent),
  userIdentity: identityOf(request, context),
  requestID: request.requestId,
  eventID: randomUUID(),
  eventType: 'AwsApiCall',
  readOnly: request.isReadOnly,
  managementEvent: !request.isDataEvent,
  eventCategory: request.isDataEvent ? 'Data' : 'Management',
  recipientAccountId: context.accountId,
  resources: request.resourceArns.slice(0, RESOURCES_MAX).map((arn) => ({ ARN: cut(arn), type: typeOf(arn) })),
  additionalEventData: authorizerIn(request),
  responseStatus: request.status,
  errorCode: request.errorCode,
  responseElements: request.created,
})

function authorizerIn({ caller, refusedByAuthorizer }: AnsweredRequest): object | undefined {
  const lambdaAuthorizerArn = caller?.bearer?.authorizerArn ?? refusedByAuthorizer
  return lambdaAuthorizerArn === undefined ? undefined : { lambdaAuthorizerArn }
}

/** What happens to the log or the server itself. */
export const eventOfService = (
  eventName: string,
  serviceEventDetails: object,
  now: number,
  { region, accountId }: EventContext,
): object => ({
  eventVersion: '1.11',
  eventTime: new Date(now).toISOString(),
  eventSource: 'hilum',
  eventName,
  awsRegion: region,
  eventID: randomUUID(),
  eventType: 'AwsServiceEvent',
  managementEvent: true,
  eventCategory: 'Management',
  recipientAccountId: accountId,
  serviceEventDetails,
})

/** What a command did without a server. */
export const eventOfCommand = (
  {
    eventName,
    userName,
    resourceArns,
    errorCode,
    backupId,
    serviceEventDetails,
  }: {
    readonly eventName: string
    /** Of the operating system. */
    readonly userName: string
    readonly resourceArns: readonly string[]
    readonly errorCode?: string | undefined
    readonly backupId?: string | undefined
    /** Of a line that does not follow the first line of its command. */
    readonly serviceEventDetails?: object
  },
  now: number,
  { region, accountId }: EventContext,
): object => ({
  ...{ eventVersion: '1.11', eventTime: new Date(now).toISOString(), eventSource: 'hilum', eventName },
  ...{ awsRegion: region, userIdentity: { type: 'OperatingSystemUser', userName }, eventID: randomUUID() },
  ...{ eventType: 'AwsApiCall', readOnly: false, managementEvent: true, eventCategory: 'Management' },
  recipientAccountId: accountId,
  resources: resourceArns.map((arn) => ({ ARN: cut(arn), type: typeOf(arn) })),
  additionalEventData: backupId === undefined ? undefined : { backupId },
  ...{ errorCode, serviceEventDetails },
})

function identityOf({ caller, claimedKeyId }: AnsweredRequest, { accountId }: EventContext): object {
  // Not verified: anyone may name any key.
  if (caller === undefined) return { type: 'Unknown', accessKeyId: claimedKeyId }
  if (caller.bearer !== undefined) return identityOfToken(caller, caller.bearer, accountId)
  const type = caller.name === undefined ? 'Root' : 'IAMUser'
  const identity = { type, arn: caller.arn, accountId, accessKeyId: caller.accessKeyId, userName: caller.name }
  if (caller.accessKeyId === caller.signInKeyId) return identity
  const sessionIssuer = { type, arn: caller.arn, accountId, accessKeyId: caller.signInKeyId, userName: caller.name }
  return { ...identity, sessionContext: { sessionIssuer } }
}

/** As CloudTrail has them of AssumeRole and AssumeRoleWithWebIdentity. */
function identityOfToken({ arn }: Caller, bearer: BearerIdentity, accountId: string): object {
  const userName = cut(bearer.subject)
  if (bearer.kind === 'provider') {
    return { type: 'WebIdentityUser', arn, accountId, userName, identityProvider: cut(bearer.issuer) }
  }
  const roleName = bearer.roleArn.slice(bearer.roleArn.lastIndexOf('/') + 1)
  const sessionIssuer = { type: 'Role', arn: cut(bearer.roleArn), accountId, userName: cut(roleName) }
  return { type: 'AssumedRole', arn: cut(arn), accountId, userName, sessionContext: { sessionIssuer } }
}

const cut = (text: string | undefined): string | undefined =>
  text !== undefined && text.length > CHARACTERS_MAX ? `${text.slice(0, CHARACTERS_MAX)}...` : text

const TYPES: readonly (readonly [RegExp, string])[] = [
  [/:datastore\/[^/]*\/imageset\//, 'AWS::MedicalImaging::ImageSet'],
  [/:datastore\//, 'AWS::MedicalImaging::Datastore'],
  [/:user\//, 'AWS::IAM::User'],
  [/:policy\//, 'AWS::IAM::Policy'],
  [/:role\//, 'AWS::IAM::Role'],
  [/:key\//, 'AWS::KMS::Key'],
]

const typeOf = (arn: string): string | undefined => TYPES.find(([pattern]) => pattern.test(arn))?.[1]
