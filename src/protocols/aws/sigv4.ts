/**
 * Verifies Signature Version 4 over the request as received, in the Authorization header or the query of a presigned URL
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html).
 */
import { hash, timingSafeEqual } from 'node:crypto'
import { ContractError } from '../../contract/errors.ts'
import type { Limits } from '../../limits.ts'
import type { Caller, Credentials, SigningKey } from '../../security/callers/caller.ts'
import type { SignatureFailures } from '../http/rate-limits.ts'
import { splitTarget, type WireRequest } from '../http/wire.ts'
import { canonicalPath, canonicalQuery } from './canonical.ts'
import { checkScope, checkTime, readClaim, type SignatureClaim } from './signature-claim.ts'
import { createSigningKeys } from './signing-keys.ts'

const MISMATCH =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and ' +
  'signing method. Consult the service documentation for details.'

/** The verified caller, and the body that was signed. */
export interface SignedRequest {
  readonly caller: Caller
  /** From the credential scope: the region that the client is configured for. Any region is accepted. */
  readonly region: string
  readonly body: Uint8Array
}

export type Verify = (
  request: WireRequest,
  options: {
    readonly now: number
    /** The largest body that the route accepts. */
    readonly bodyBytes: number
  },
) => Promise<SignedRequest>

/** It may be read without waiting. */
export type ReadSignature = (request: WireRequest, now: number) => SignatureRead | Promise<SignatureRead>

interface VerifierOptions {
  readonly credentials: Credentials
  readonly limits: Pick<Limits, 'clockSkewMs' | 'signingKeysKept'>
  readonly service: string
  /** Limits what bad signatures cost. */
  readonly failures?: SignatureFailures
}

/** One for all requests, since it caches signing keys. It finds the key, and checks what needs neither body nor signature. */
export function createSignatureReader({ credentials, limits, service, failures }: VerifierOptions): ReadSignature {
  const keys = createSigningKeys(service, limits)
  return (request, now) => {
    const { path, query } = splitTarget(request.target)
    const claim = readClaim(request.headers, query)
    const { accessKeyId } = claim.scope
    const lookUpAfterSeconds = failures?.waitSeconds(request, now)
    const found = credentials.find({ accessKeyId, sessionToken: claim.sessionToken, lookUpAfterSeconds })

    function readWith(key: SigningKey | undefined): SignatureRead {
      if (key === undefined) {
        throw new ContractError('UnrecognizedClientException', 'The security token included in the request is invalid.')
      }
      checkScope(claim, service)
      checkTime(claim, { now, skewMs: limits.clockSkewMs })
      return new SignatureRead({ request, path, query, claim, key, keys })
    }
    return found instanceof Promise ? found.then(readWith) : readWith(found)
  }
}

interface ClaimedSignature {
  readonly request: WireRequest
  readonly path: string
  readonly query: string
  readonly claim: SignatureClaim
  readonly key: SigningKey
  readonly keys: ReturnType<typeof createSigningKeys>
}

/** A signed request whose body is unread. */
export class SignatureRead {
  readonly #claimed: ClaimedSignature

  constructor(claimed: ClaimedSignature) {
    this.#claimed = claimed
  }

  get caller(): Caller {
    return this.#claimed.key.caller
  }
  get region(): string {
    return this.#claimed.claim.scope.region
  }
  /** The signature of the request, 64 hex digits. */
  get signature(): string {
    return this.#claimed.claim.signature
  }
  /** What the client says of the body: its SHA-256, or a word. Undefined where it sends no x-amz-content-sha256. */
  get declaredHash(): string | undefined {
    return this.#claimed.request.headers['x-amz-content-sha256']
  }

  /** @throws ContractError */
  checkSignature(payloadHash: string): void {
    const { query } = this.#claimed
    const parameters = canonicalQuery(query)
    if (this.#isSignatureOf(parameters, payloadHash)) return
    // Some signers add the session token to a presigned URL after signing it, which AWS's own signers have an option for.
    const withoutToken = canonicalQuery(query, { leaveOut: SESSION_TOKEN })
    if (withoutToken !== parameters && this.#isSignatureOf(withoutToken, payloadHash)) return
    throw new ContractError('InvalidSignatureException', MISMATCH)
  }

  /** The signature of a chunk or a trailer, with what stands between its scope and its hashes. */
  signatureOf(algorithm: string, hashes: readonly string[]): Buffer {
    const { claim, key, keys } = this.#claimed
    const { date, region, service } = claim.scope
    const scope = `${date}/${region}/${service}/aws4_request`
    const text = `${algorithm}\n${claim.time}\n${scope}\n${hashes.join('\n')}`
    return keys.sign(claim.scope, key.secretAccessKey, text)
  }

  #isSignatureOf(parameters: string, payloadHash: string): boolean {
    const { request, path, claim } = this.#claimed
    const { signedHeaders } = claim.scope
    const headers = `${canonicalHeaders(request, signedHeaders)}\n${signedHeaders.join(';')}`
    const canonicalRequest = `${request.method}\n${canonicalPath(path)}\n${parameters}\n${headers}\n${payloadHash}`
    const expected = this.signatureOf('AWS4-HMAC-SHA256', [hash('sha256', canonicalRequest)])
    return timingSafeEqual(expected, Buffer.from(claim.signature, 'hex'))
  }
}

/**
 * It throws a ContractError of status 403. The body is read last: if the client sends the body's hash, the whole signature is checked
 * before, else everything in the claim that needs no body.
 */
export function createVerifier(options: VerifierOptions): Verify {
  return verifierOver(createSignatureReader(options), options.failures)
}

export function verifierOver(readSignature: ReadSignature, failures?: SignatureFailures): Verify {
  return async (request, { now, bodyBytes }) => {
    try {
      // Also awaited where it is read already: meanwhile the body arrives that came with the head.
      const read = await readSignature(request, now)
      const declared = declaredHash(read)
      if (declared !== undefined) read.checkSignature(declared)
      const arriving = request.body.read(bodyBytes)
      const body = arriving instanceof Promise ? await arriving : arriving
      if (declared === undefined) read.checkSignature(hash('sha256', body))
      else if (declared !== UNSIGNED_PAYLOAD && declared !== hash('sha256', body)) throw otherPayload()
      return { caller: read.caller, region: read.region, body }
    } catch (error) {
      countFailure(failures, error, { request, now })
      throw error
    }
  }
}

/** Counts refused signatures. */
export function countFailure(
  failures: SignatureFailures | undefined,
  error: unknown,
  { request, now }: { readonly request: WireRequest; readonly now: number },
): void {
  const name = error instanceof ContractError ? error.name : undefined
  if (name === 'ThrottlingException') failures?.refused()
  if (name === 'UnrecognizedClientException' || name === 'InvalidSignatureException') failures?.count(request, now)
}

export const otherPayload = () =>
  new ContractError('InvalidSignatureException', 'The x-amz-content-sha256 header does not match the payload.')

/** The values of a repeated header are joined by a comma without a space, in the order received. */
function canonicalHeaders({ headers, repeatedHeaders }: WireRequest, signedHeaders: readonly string[]): string {
  let lines = ''
  for (const name of signedHeaders) {
    const repeated = repeatedHeaders?.get(name)
    // Node makes a list of Set-Cookie, even of one value.
    const value =
      repeated === undefined ? canonicalValue(String(headers[name])) : repeated.map(canonicalValue).join(',')
    lines += `${name}:${value}\n`
  }
  return lines
}

const canonicalValue = (value: string): string => value.trim().replace(/\s+/g, ' ')

export const UNSIGNED_PAYLOAD = 'UNSIGNED-PAYLOAD'
const SESSION_TOKEN = 'X-Amz-Security-Token'

/** Undefined where the client sends none: botocore, the AWS CLI and the AWS SDK for Go. Other SDKs send the hash of the body. */
function declaredHash({ declaredHash: declared }: SignatureRead): string | undefined {
  if (declared?.startsWith('STREAMING-')) {
    throw new ContractError(
      'InvalidSignatureException',
      'Payloads signed in chunks (aws-chunked) are not supported. Sign the payload as a whole.',
    )
  }
  return declared
}
