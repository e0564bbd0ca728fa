/**
 * Who sent the request: Signature Version 4 verified over the request as received, as header or as presigned query
 * (https://docs.aws.amazon.com/IAM/latest/UserGuide/create-signed-request.html).
 */
import { hash, timingSafeEqual } from 'node:crypto'
import type { Credentials } from '../../app.ts'
import { ContractError } from '../../contract/errors.ts'
import type { Limits } from '../../limits.ts'
import { splitTarget, type WireRequest } from '../wire.ts'
import { canonicalPath, canonicalQuery } from './canonical.ts'
import { checkScope, checkTime, readClaim } from './signature-claim.ts'
import { createSigningKeys } from './signing-keys.ts'

export interface Caller {
  readonly accessKeyId: string
  /** Of the credential scope: whatever the client is configured for. */
  readonly region: string
}

const MISMATCH =
  'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and ' +
  'signing method. Consult the service documentation for details.'

/** One for all requests: it keeps derived signing keys. Answers the caller or throws a ContractError of status 403. */
export function createVerifier(options: {
  readonly credentials: Credentials
  readonly limits: Pick<Limits, 'clockSkewMs'>
  readonly service: string
}): (request: WireRequest, now: number) => Caller {
  const { credentials, limits, service } = options
  const keys = createSigningKeys(service)

  return (request, now) => {
    const { path, query } = splitTarget(request.target)
    const claim = readClaim(request.headers, query)
    const secret = credentials.secretOf(claim.accessKeyId)
    if (secret === undefined) {
      throw new ContractError('UnrecognizedClientException', 'The security token included in the request is invalid.')
    }
    checkScope(claim, service)
    checkTime(claim, { now, skewMs: limits.clockSkewMs })

    let canonicalHeaders = ''
    for (const name of claim.signedHeaders) {
      canonicalHeaders += `${name}:${canonicalValue(request.headers[name] as string)}\n`
    }
    const canonicalRequest = `${request.method}\n${canonicalPath(path)}\n${canonicalQuery(query)}\n${canonicalHeaders}\n${claim.signedHeaders.join(';')}\n${payloadHash(request)}`
    const scope = `${claim.date}/${claim.region}/${service}/aws4_request`
    const stringToSign = `AWS4-HMAC-SHA256\n${claim.time}\n${scope}\n${hash('sha256', canonicalRequest)}`
    const expected = keys.sign({ ...claim, secret }, stringToSign)
    if (!timingSafeEqual(expected, Buffer.from(claim.signature, 'hex'))) {
      throw new ContractError('InvalidSignatureException', MISMATCH)
    }
    return { accessKeyId: claim.accessKeyId, region: claim.region }
  }
}

const canonicalValue = (value: string): string => value.trim().replace(/\s+/g, ' ')

/** botocore, the AWS CLI and the AWS SDK for Go send no x-amz-content-sha256 to this service, the others the real hash. */
function payloadHash({ headers, body }: WireRequest): string {
  const claimed = headers['x-amz-content-sha256']
  if (claimed === 'UNSIGNED-PAYLOAD') return claimed
  if (claimed?.startsWith('STREAMING-')) {
    throw new ContractError(
      'InvalidSignatureException',
      'Payloads signed in chunks (aws-chunked) are not supported here.',
    )
  }
  const actual = hash('sha256', body)
  if (claimed !== undefined && claimed !== actual) {
    throw new ContractError('InvalidSignatureException', 'The x-amz-content-sha256 header does not match the payload.')
  }
  return actual
}
