/**
 * The claim of a signed request (key, scope, time, signed headers, signature), from the Authorization header or the query of a presigned URL,
 * and the checks that need no key. The sentences are AWS's.
 */
import { ContractError } from '../../contract/errors.ts'

/** What the requests that a client signs with one key on one day have in common. */
export interface SigningScope {
  readonly accessKeyId: string
  readonly date: string
  readonly region: string
  readonly service: string
  readonly signedHeaders: readonly string[]
}

export interface SignatureClaim {
  readonly scope: SigningScope
  /** X-Amz-Date as sent, e.g. 20150830T123600Z. */
  readonly time: string
  /** 64 hex digits. */
  readonly signature: string
  readonly sessionToken: string | undefined
  /** The validity of a presigned URL; undefined for an Authorization header. */
  readonly expiresSeconds: number | undefined
}

type Headers = Readonly<Record<string, string>>
type Parameters = Readonly<Record<string, string | undefined>>

const ALGORITHM = 'AWS4-HMAC-SHA256'
/** AWS's own limit on X-Amz-Expires: seven days. */
const EXPIRES_SECONDS_MAX = 604_800
/** The validity of a presigned URL without X-Amz-Expires, which the signer of AWS Amplify omits: that of a signed request. */
const DEFAULT_EXPIRES_SECONDS = 900

export function readClaim(headers: Headers, query: string): SignatureClaim {
  const { authorization } = headers
  if (authorization !== undefined) return claimOfAuthorization(authorization, headers)
  if (/(?:^|&)X-Amz-Algorithm=/.test(query)) {
    const parameters = new URLSearchParams(query)
    return claimOf(
      {
        algorithm: parameters.get('X-Amz-Algorithm') ?? undefined,
        credential: parameters.get('X-Amz-Credential') ?? undefined,
        signedHeaders: parameters.get('X-Amz-SignedHeaders') ?? undefined,
        signature: parameters.get('X-Amz-Signature') ?? undefined,
        time: parameters.get('X-Amz-Date') ?? undefined,
        sessionToken: parameters.get('X-Amz-Security-Token') ?? undefined,
        expires: parameters.get('X-Amz-Expires') ?? String(DEFAULT_EXPIRES_SECONDS),
      },
      headers,
    )
  }
  throw new ContractError('MissingAuthenticationTokenException', 'Missing Authentication Token')
}

const SIGNATURE_DIGITS = 64
/** By the header up to the signature: usually nothing before it changes from request to request. */
const scopes = new Map<string, SigningScope>()
const SCOPES_MAX = 256
const SCOPE_CHARACTERS_MAX = 1_024

function claimOfAuthorization(authorization: string, headers: Headers): SignatureClaim {
  const beforeSignature = authorization.slice(0, -SIGNATURE_DIGITS)
  const known = scopes.get(beforeSignature)
  if (known !== undefined) return claimIn(known, { signature: authorization.slice(-SIGNATURE_DIGITS) }, headers)
  const claim = claimOf(authorizationParameters(authorization), headers)
  const isLast = authorization.endsWith(`Signature=${claim.signature}`)
  if (isLast && beforeSignature.length <= SCOPE_CHARACTERS_MAX) {
    scopes.set(beforeSignature, claim.scope)
    const [oldest] = scopes.keys()
    if (scopes.size > SCOPES_MAX) scopes.delete(oldest!)
  }
  return claim
}

const NAMES: Parameters = { Credential: 'credential', SignedHeaders: 'signedHeaders', Signature: 'signature' }

function authorizationParameters(authorization: string): Parameters {
  const space = authorization.indexOf(' ')
  const parameters: Record<string, string> = { algorithm: space < 0 ? authorization : authorization.slice(0, space) }
  for (const part of space < 0 ? [] : authorization.slice(space + 1).split(',')) {
    const equals = part.indexOf('=')
    const name = NAMES[part.slice(0, equals).trim()]
    if (name !== undefined) parameters[name] = part.slice(equals + 1).trim()
  }
  return parameters
}

function claimOf(parameters: Parameters, headers: Headers): SignatureClaim {
  const { algorithm, credential, signedHeaders, signature } = parameters
  if (algorithm !== ALGORITHM) throw incomplete(`The signing algorithm must be '${ALGORITHM}'.`)
  if (credential === undefined) throw incomplete("Authorization requires 'Credential' parameter.")
  if (signedHeaders === undefined) throw incomplete("Authorization requires 'SignedHeaders' parameter.")
  if (signature === undefined) throw incomplete("Authorization requires 'Signature' parameter.")
  checkDigits(signature)

  // From the right, since an access key id may contain a slash.
  const parts = credential.split('/')
  const [date, region, service, terminator] = parts.splice(-4)
  const accessKeyId = parts.join('/')
  if (date === undefined || !region || !service || terminator !== 'aws4_request' || accessKeyId === '') {
    throw incomplete("'Credential' must be of the form accessKeyId/date/region/service/aws4_request.")
  }
  const scope = { accessKeyId, date, region, service, signedHeaders: signedHeaders.split(';') }
  return claimIn(scope, { ...parameters, signature }, headers)
}

function checkDigits(signature: string): void {
  if (!/^[0-9a-f]{64}$/.test(signature)) throw incomplete("'Signature' must be 64 lower-case hexadecimal digits.")
}

function claimIn(
  scope: SigningScope,
  parameters: Parameters & { readonly signature: string },
  headers: Headers,
): SignatureClaim {
  const { signature, expires } = parameters
  checkDigits(signature)
  const time = parameters.time ?? headers['x-amz-date']
  if (time === undefined) throw incomplete("Authorization requires existence of the 'X-Amz-Date' header.")
  if (!/^\d{8}T\d{6}Z$/.test(time)) throw incomplete("'X-Amz-Date' must be of the form YYYYMMDDTHHMMSSZ.")

  const { signedHeaders } = scope
  if (!signedHeaders.includes('host')) throw incomplete("'Host' must be a signed header.")
  for (const name of signedHeaders) {
    if (!Object.hasOwn(headers, name)) throw incomplete('A header named in SignedHeaders is not in the request.')
  }
  return {
    scope,
    time,
    signature,
    sessionToken: parameters.sessionToken ?? headers['x-amz-security-token'],
    expiresSeconds: expires === undefined ? undefined : readExpires(expires),
  }
}

function readExpires(text: string): number {
  const seconds = /^\d{1,6}$/.test(text) ? Number(text) : 0
  if (seconds < 1 || seconds > EXPIRES_SECONDS_MAX) {
    throw incomplete(`'X-Amz-Expires' must be between 1 and ${EXPIRES_SECONDS_MAX} seconds.`)
  }
  return seconds
}

const incomplete = (message: string) => new ContractError('IncompleteSignatureException', message)

export function checkScope({ scope, time }: SignatureClaim, service: string): void {
  if (scope.service !== service) {
    throw new ContractError(
      'InvalidSignatureException',
      `Credential should be scoped to correct service: '${service}'.`,
    )
  }
  if (!time.startsWith(scope.date) || scope.date.length !== 8) {
    const day = time.slice(0, 8)
    throw new ContractError(
      'InvalidSignatureException',
      `Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${day}', from '${time}'.`,
    )
  }
}

/**
 * After this error the AWS SDKs for JavaScript and C++ correct their clock by the Date header and sign again. The SDK for Go retries only
 * for the name RequestTimeTooSkewed.
 */
export function checkTime(claim: SignatureClaim, { now, skewMs }: { now: number; skewMs: number }): void {
  const { time, expiresSeconds } = claim
  const signedAt = parseBasicTime(time)
  const skew = `${Math.round(skewMs / 60_000)} min.`
  if (Number.isNaN(signedAt)) throw incomplete("'X-Amz-Date' must be a valid date and time.")
  if (expiresSeconds !== undefined && signedAt + expiresSeconds * 1000 < now) {
    throw tooSkewed(`Signature expired: ${time} + ${expiresSeconds} s is now earlier than ${basic(now)}`)
  }
  if (expiresSeconds === undefined && signedAt < now - skewMs) {
    throw tooSkewed(`Signature expired: ${time} is now earlier than ${basic(now - skewMs)} (${basic(now)} - ${skew})`)
  }
  if (signedAt > now + skewMs) {
    throw tooSkewed(
      `Signature not yet current: ${time} is still later than ${basic(now + skewMs)} (${basic(now)} + ${skew})`,
    )
  }
}

const tooSkewed = (message: string) => new ContractError('RequestTimeTooSkewed', message)

/** The time that was read last: requests of one second have the same. */
let lastRead = { basicTime: '', ms: Number.NaN }

/** NaN for an invalid date or time. */
function parseBasicTime(basicTime: string): number {
  if (lastRead.basicTime !== basicTime) lastRead = { basicTime, ms: readBasicTime(basicTime) }
  return lastRead.ms
}

function readBasicTime(basicTime: string): number {
  const [year, month, day] = [basicTime.slice(0, 4), basicTime.slice(4, 6), basicTime.slice(6, 8)]
  const [hour, minute, second] = [basicTime.slice(9, 11), basicTime.slice(11, 13), basicTime.slice(13, 15)]
  return Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`)
}

const basic = (ms: number): string => new Date(ms).toISOString().replace(/[-:]|\.\d+/g, '')
