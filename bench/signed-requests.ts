/** Whole requests, signed beforehand: a signature has no nonce, so that none has to be made while the clock runs. */
import { createHash } from 'node:crypto'
import { Sha256 } from '@aws-crypto/sha256-js'
import { SignatureV4 } from '@smithy/signature-v4'
import { BENCH_KEYS } from './hilum-server.ts'

export interface RequestsToSign {
  readonly port: number
  readonly path: string
  readonly query?: Readonly<Record<string, string>>
  /** One request for each. */
  readonly bodies: readonly object[]
}

const signer = () =>
  new SignatureV4({ service: 'medical-imaging', region: 'us-east-1', credentials: BENCH_KEYS, sha256: Sha256 })

const textOf = (headers: Readonly<Record<string, string>>): string =>
  Object.entries(headers)
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('')

/** A GET for each path, which may have a query. @param headers are sent unsigned */
export async function signedGets(
  port: number,
  paths: readonly string[],
  headers: Readonly<Record<string, string>>,
): Promise<Buffer[]> {
  const requests: Buffer[] = []
  for (const path of paths) {
    const { pathname, searchParams } = new URL(path, 'http://127.0.0.1')
    const signed = await signer().sign({
      ...{ method: 'GET', protocol: 'http:', hostname: '127.0.0.1', port, path: pathname },
      query: Object.fromEntries(searchParams),
      headers: { host: `127.0.0.1:${port}` },
    })
    requests.push(Buffer.from(`GET ${path} HTTP/1.1\r\n${textOf({ ...signed.headers, ...headers })}\r\n`))
  }
  return requests
}

/** A POST of each body, with its hash in the signature. */
export async function signedPosts(
  port: number,
  {
    path,
    contentType,
    bodies,
  }: { readonly path: string; readonly contentType: string; readonly bodies: readonly Buffer[] },
): Promise<Buffer[]> {
  const requests: Buffer[] = []
  for (const body of bodies) {
    const signed = await signer().sign({
      ...{ method: 'POST', protocol: 'http:', hostname: '127.0.0.1', port, path },
      headers: {
        host: `127.0.0.1:${port}`,
        'content-type': contentType,
        'content-length': `${body.length}`,
        'x-amz-content-sha256': createHash('sha256').update(body).digest('hex'),
      },
    })
    requests.push(Buffer.concat([Buffer.from(`POST ${path} HTTP/1.1\r\n${textOf(signed.headers)}\r\n`), body]))
  }
  return requests
}

export async function signedRequests({ port, path, query = {}, bodies }: RequestsToSign): Promise<Buffer[]> {
  const target = Object.keys(query).length === 0 ? path : `${path}?${new URLSearchParams(query)}`
  const requests: Buffer[] = []
  for (const each of bodies) {
    const body = JSON.stringify(each)
    const signed = await signer().sign({
      ...{ method: 'POST', protocol: 'http:', hostname: '127.0.0.1', port, path, query, body },
      headers: {
        host: `127.0.0.1:${port}`,
        'content-type': 'application/json',
        'content-length': `${Buffer.byteLength(body)}`,
      },
    })
    requests.push(Buffer.from(`POST ${target} HTTP/1.1\r\n${textOf(signed.headers)}\r\n${body}`))
  }
  return requests
}
