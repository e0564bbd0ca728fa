/** Sends a signed request below /hilum/ (docs/extensions.md), which the SDK does not support. */
import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto'
import { SignatureV4 } from '@smithy/signature-v4'
import type { Server } from './client.ts'

export interface SignedRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** With percent-encoded segments. */
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  /** Sent and not signed. */
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string | Uint8Array<ArrayBuffer>
  readonly signal?: AbortSignal
}

/** @throws an error of fetch if no server answers */
export async function signedFetch(
  { endpoint, region, credentials }: Server,
  { method, path, query = {}, headers: others = {}, body, signal }: SignedRequest,
): Promise<Response> {
  const url = new URL(path, endpoint)
  const { protocol, hostname, port, host } = url
  const signer = new SignatureV4({ credentials, region, service: 'medical-imaging', sha256: NodeSha256 })
  const { headers } = await signer.sign({
    ...{ method, protocol, hostname, path: url.pathname, headers: { host }, query },
    ...(port !== '' && { port: Number(port) }),
    ...(body !== undefined && { body }),
  })
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  return fetch(url, {
    method,
    headers: { ...others, ...headers },
    ...(body !== undefined && { body }),
    ...(signal && { signal }),
  })
}

/** The hash interface of @smithy/signature-v4. */
class NodeSha256 {
  readonly #hash: Hash | Hmac
  constructor(secret?: string | ArrayBuffer | ArrayBufferView) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret as string | Buffer)
  }
  update(bytes: Uint8Array | string): void {
    this.#hash.update(bytes)
  }
  async digest(): Promise<Uint8Array> {
    return this.#hash.digest()
  }
  reset(): void {}
}
