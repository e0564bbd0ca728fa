/** A one-time link into the console, asked of the server with a signature: whoever has the access key may make one. */
import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto'
import { SignatureV4 } from '@smithy/signature-v4'
import { OperatorError } from '../operator-error.ts'
import { explained, type Server } from './client.ts'

/** Throws OperatorError. */
export async function makeConsoleLink(server: Server): Promise<{ readonly link: string; readonly expiresAt: Date }> {
  const { endpoint, region, credentials } = server
  const { protocol, hostname, port, host, href } = new URL('/hilum/console-link', endpoint)
  const signer = new SignatureV4({ credentials, region, service: 'medical-imaging', sha256: NodeSha256 })
  const { headers } = await signer.sign({
    method: 'POST',
    protocol,
    hostname,
    ...(port !== '' && { port: Number(port) }),
    path: '/hilum/console-link',
    headers: { host },
    query: {},
  })
  let response: Response
  try {
    response = await fetch(href, { method: 'POST', headers })
  } catch (error) {
    throw explained((error as Error).cause ?? error, server)
  }
  const answer = (await response.json().catch(() => ({}))) as { token?: string; expiresAt?: number; message?: string }
  if (answer.token === undefined || answer.expiresAt === undefined) {
    throw new OperatorError(
      `The server at ${endpoint} gave no link: ${answer.message || `it answered ${response.status}.`}`,
    )
  }
  // Behind the #, which no browser sends: it is in no log.
  return { link: `${endpoint}/console/#open=${answer.token}`, expiresAt: new Date(answer.expiresAt * 1000) }
}

/** What @smithy/signature-v4 wants of a hash. */
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
