/** Requests signed by AWS's own signer (@smithy/signature-v4, a dependency of the SDK). */

import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto'
import { SignatureV4 } from '@smithy/signature-v4'
import type { SigningKey } from '../../security/callers/caller.ts'
import { ownerKey } from '../../security/callers/owner.ts'
import { bodyOf } from '../http/request-body.fixture.ts'
import type { WireRequest } from '../http/wire.ts'

export const ACCESS_KEY_ID = 'AKIAIOSFODNN7EXAMPLE'
export const SECRET = 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY'
export const NOW = Date.UTC(2026, 0, 15, 12, 0, 0)

/** The hash interface of @smithy/signature-v4. */
class Sha256 {
  readonly #hash: Hash | Hmac
  constructor(secret?: Uint8Array) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret)
  }
  update(bytes: Uint8Array): void {
    this.#hash.update(bytes)
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest()
  }
  reset(): void {}
}

export interface Unsigned {
  readonly method: string
  /** Percent-encoded. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | string[]>>
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

export interface Signing {
  readonly accessKeyId?: string
  readonly secret?: string
  readonly service?: string
  readonly region?: string
  readonly at?: number
  readonly sessionToken?: string
}

function signerOf({ accessKeyId, secret, service, region, sessionToken }: Signing): SignatureV4 {
  return new SignatureV4({
    service: service ?? 'medical-imaging',
    region: region ?? 'eu-central-1',
    credentials: {
      accessKeyId: accessKeyId ?? ACCESS_KEY_ID,
      secretAccessKey: secret ?? SECRET,
      ...(sessionToken === undefined ? {} : { sessionToken }),
    },
    sha256: Sha256 as never,
    applyChecksum: false,
  })
}

const smithyRequestOf = ({ method, path, query, headers, body }: Unsigned) => ({
  method,
  protocol: 'http:',
  hostname: 'runtime-localhost',
  port: 8080,
  path,
  query: { ...query },
  headers: { host: 'runtime-localhost:8080', ...headers },
  body: body ?? '',
})

/** With an Authorization header, as SDKs and the AWS CLI do. */
export async function signed(request: Unsigned, signing: Signing = {}): Promise<WireRequest> {
  const result = await signerOf(signing).sign(smithyRequestOf(request) as never, {
    signingDate: new Date(signing.at ?? NOW),
  })
  return wireOf(result as never, request)
}

/** With the signature in the query. */
export async function presigned(
  request: Unsigned,
  signing: Signing & { expiresSeconds: number },
): Promise<WireRequest> {
  const result = await signerOf(signing).presign(smithyRequestOf(request) as never, {
    signingDate: new Date(signing.at ?? NOW),
    expiresIn: signing.expiresSeconds,
  })
  return wireOf(result as never, request)
}

/** A presigned URL of the AWS Amplify signer: without X-Amz-Expires, and with the host as its only signed header. */
export function presignedAsAmplify({
  method,
  path,
  body,
  sessionToken,
}: Unsigned & { readonly sessionToken?: string }): WireRequest {
  const scope = '20260115/eu-central-1/medical-imaging/aws4_request'
  const time = '20260115T120000Z'
  const parameters = {
    ...(sessionToken && { 'X-Amz-Security-Token': sessionToken }),
    'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
    'X-Amz-Credential': `${ACCESS_KEY_ID}/${scope}`,
    'X-Amz-Date': time,
    'X-Amz-SignedHeaders': 'host',
  }
  const pairs = Object.entries(parameters).map(([name, value]) => `${percentEncode(name)}=${percentEncode(value)}`)
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')
  const canonical = `${method}\n${path}\n${pairs.toSorted().join('&')}\nhost:runtime-localhost:8080\n\nhost\n${sha256(body ?? '')}`
  let key: Uint8Array = Buffer.from(`AWS4${SECRET}`)
  for (const part of scope.split('/')) key = createHmac('sha256', key).update(part).digest()
  const signature = createHmac('sha256', key)
    .update(`AWS4-HMAC-SHA256\n${time}\n${scope}\n${sha256(canonical)}`)
    .digest('hex')
  return {
    method,
    target: `${path}?${pairs.join('&')}&X-Amz-Signature=${signature}`,
    headers: { host: 'runtime-localhost:8080' },
    body: bodyOf(body),
  }
}

type SmithyResult = { headers: Record<string, string>; query: Record<string, string | string[]> }

function wireOf({ headers, query }: SmithyResult, { method, path, body }: Unsigned): WireRequest {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    [value].flat().map((one) => `${percentEncode(name)}=${percentEncode(one)}`),
  )
  return {
    method,
    target: pairs.length === 0 ? path : `${path}?${pairs.join('&')}`,
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])),
    body: bodyOf(body),
  }
}

/** Encodes labels and query values as SDKs do (RFC 3986). */
export const percentEncode = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)

/** The key of a caller who may do everything. */
export const signingKey = (accessKeyId: string, secretAccessKey: string): SigningKey =>
  ownerKey({ accessKeyId, secretAccessKey }, { accountId: '123456789012' })
