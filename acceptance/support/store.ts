/** Store requests of DICOMweb (STOW-RS) as clients send them: signed in every way that AWS's signers know. */
import { createHash, createHmac } from 'node:crypto'
import { crc32 } from 'node:zlib'
import { checkDicomJson } from '../../src/protocols/dicomweb/dicom-json-model.fixture.ts'
import type { Hilum } from './hilum.ts'
import { signedHeaders } from './raw-request.ts'

export type Signing =
  | 'hash'
  | 'no-header'
  | 'unsigned'
  | 'streaming-plain'
  | 'chunked'
  | 'chunked-trailer'
  | 'unsigned-trailer'

export interface Store {
  readonly datastoreId: string
  readonly studyInstanceUID?: string
  readonly body: Uint8Array
  /** Default: multipart/related with BOUNDARY. */
  readonly contentType?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly signing?: Signing
  /** Changes the body after it was signed. */
  readonly tamper?: (sent: Buffer) => Buffer
}

export const BOUNDARY = 'the-boundary'
export const MULTIPART = `multipart/related; type="application/dicom"; boundary=${BOUNDARY}`

export const partOf = (file: Uint8Array, contentType = 'application/dicom'): Buffer =>
  Buffer.concat([Buffer.from(`--${BOUNDARY}\r\nContent-Type: ${contentType}\r\n\r\n`), file, Buffer.from('\r\n')])

export const multipart = (...files: readonly Uint8Array[]): Buffer =>
  Buffer.concat([...files.map((file) => partOf(file)), Buffer.from(`--${BOUNDARY}--\r\n`)])

export const storePath = ({ datastoreId, studyInstanceUID }: Pick<Store, 'datastoreId' | 'studyInstanceUID'>): string =>
  `/datastore/${datastoreId}/studies${studyInstanceUID === undefined ? '' : `/${studyInstanceUID}`}`

export async function store(hilum: Hilum, request: Store): Promise<Response> {
  const { headers, sent } = await signedStore(hilum, request)
  const { tamper = (bytes: Buffer) => bytes } = request
  return fetch(`${hilum.endpoint}${storePath(request)}`, {
    method: 'POST',
    headers,
    body: tamper(sent) as Buffer<ArrayBuffer>,
  })
}

const CONTENT_SHA256: Readonly<Record<Signing, (body: Uint8Array) => string | undefined>> = {
  hash: (body) => sha256(body),
  'no-header': () => undefined,
  unsigned: () => 'UNSIGNED-PAYLOAD',
  'streaming-plain': () => 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  chunked: () => 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD',
  'chunked-trailer': () => 'STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER',
  'unsigned-trailer': () => 'STREAMING-UNSIGNED-PAYLOAD-TRAILER',
}

/** The headers, and the body as it is sent. */
export async function signedStore(
  hilum: Hilum,
  { body, contentType = MULTIPART, headers = {}, signing = 'hash', ...path }: Store,
): Promise<{ headers: Record<string, string>; sent: Buffer }> {
  const contentSha256 = CONTENT_SHA256[signing](body)
  const isChunked = ['chunked', 'chunked-trailer', 'unsigned-trailer'].includes(signing)
  const signed = await signedHeaders(hilum, {
    ...{ method: 'POST', path: storePath(path) },
    ...(signing === 'no-header' && { bytes: body }),
    headers: {
      'content-type': contentType,
      ...(contentSha256 !== undefined && { 'x-amz-content-sha256': contentSha256 }),
      ...(isChunked && { 'content-encoding': 'aws-chunked', 'x-amz-decoded-content-length': String(body.length) }),
      ...(signing.endsWith('trailer') && { 'x-amz-trailer': 'x-amz-checksum-crc32' }),
      ...headers,
    },
  })
  const { host: _, ...rest } = signed
  return { headers: rest, sent: isChunked ? chunked(hilum, { body, signing, headers: signed }) : Buffer.from(body) }
}

const CHUNK_BYTES = 64 * 1024

function chunked(
  hilum: Hilum,
  { body, signing, headers }: { body: Uint8Array; signing: Signing; headers: Readonly<Record<string, string>> },
): Buffer {
  const [, scope = '', seed = ''] = /Credential=[^/]+\/([^,]+),.*Signature=([0-9a-f]{64})/.exec(headers.authorization!)!
  const [date, region, service] = scope.split('/') as [string, string, string]
  let key: Buffer = Buffer.from(`AWS4${hilum.client.credentials.secretAccessKey}`)
  for (const part of [date, region, service, 'aws4_request']) key = hmac(key, part)
  let last = seed
  const sign = (algorithm: string, ...hashes: readonly string[]) => {
    const text = [algorithm, headers['x-amz-date'], scope, last, ...hashes].join('\n')
    last = hmac(key, text).toString('hex')
    return last
  }
  const isSigned = signing !== 'unsigned-trailer'
  const parts: Uint8Array[] = []
  for (let at = 0; ; at += CHUNK_BYTES) {
    const chunk = body.subarray(at, at + CHUNK_BYTES)
    const extension = isSigned
      ? `;chunk-signature=${sign('AWS4-HMAC-SHA256-PAYLOAD', sha256(new Uint8Array()), sha256(chunk))}`
      : ''
    parts.push(Buffer.from(`${chunk.length.toString(16)}${extension}\r\n`))
    if (chunk.length === 0) break
    parts.push(chunk, Buffer.from('\r\n'))
  }
  if (signing.endsWith('trailer')) {
    const checksum = Buffer.alloc(4)
    checksum.writeUInt32BE(crc32(body))
    const trailer = `x-amz-checksum-crc32:${checksum.toString('base64')}`
    parts.push(Buffer.from(`${trailer}\r\n`))
    if (isSigned) {
      const signature = sign('AWS4-HMAC-SHA256-TRAILER', sha256(Buffer.from(`${trailer}\n`)))
      parts.push(Buffer.from(`x-amz-trailer-signature:${signature}\r\n`))
    }
  }
  parts.push(Buffer.from('\r\n'))
  return Buffer.concat(parts)
}

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')
const hmac = (key: Uint8Array, text: string): Buffer => createHmac('sha256', key).update(text).digest()

interface Item {
  readonly [tag: string]: { readonly vr: string; readonly Value: readonly (string | number | Item)[] } | undefined
}

export interface StoreReply {
  readonly status: number
  /** ReferencedSOPInstanceUID of each. */
  readonly stored: readonly string[]
  /** ReferencedSOPInstanceUID and FailureReason. */
  readonly failed: readonly (readonly [uid: string, reason: number])[]
  /** FailureReason, and the sentence. */
  readonly others: readonly (readonly [reason: number, message: string])[]
  readonly warnings: readonly (number | undefined)[]
  readonly dataSet: Item
}

/** Of a reply with a data set, which is of the DICOM JSON model. */
export async function storeReplyOf(response: Response): Promise<StoreReply> {
  const dataSet = (await response.json()) as Item
  // A request that was refused as a whole has a message instead.
  if (!response.headers.get('content-type')?.startsWith('application/dicom+json'))
    throw refusedStore(response.status, dataSet)
  checkDicomJson([dataSet])
  const items = (tag: string) => (dataSet[tag]?.Value ?? []) as readonly Item[]
  const value = (item: Item, tag: string) => item[tag]?.Value[0]
  return {
    status: response.status,
    stored: items('00081199').map((item) => value(item, '00081155') as string),
    failed: items('00081198').map((item) => [value(item, '00081155') as string, value(item, '00081197') as number]),
    others: items('0008119A').map((item) => [
      value(item, '00081197') as number,
      value(value(item, '00741048') as Item, '00000902') as string,
    ]),
    warnings: items('00081199').map((item) => value(item, '00081196') as number | undefined),
    dataSet,
  }
}

const refusedStore = (status: number, body: object): Error =>
  new Error(`the store request was refused with ${status}: ${JSON.stringify(body)}`)
