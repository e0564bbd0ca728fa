/** A reply in the DICOM JSON model, sent while it is written, with gzip where the client takes it. */
import { promisify } from 'node:util'
import { constants, createGzip, gzip } from 'node:zlib'
import type { WireReply } from '../http/wire.ts'
import { started, through } from './bodies.ts'

export const DICOM_JSON = 'application/dicom+json'
export const JSON_TYPES = [DICOM_JSON, 'application/json']

const FASTEST = { level: constants.Z_BEST_SPEED }

export async function jsonReply(
  json: AsyncGenerator<Uint8Array>,
  { isGzip, headers: others }: { readonly isGzip: boolean; readonly headers: Readonly<Record<string, string>> },
): Promise<WireReply> {
  const body = await started(json)
  const headers = {
    'Content-Type': DICOM_JSON,
    Vary: 'Accept, Accept-Encoding',
    ...others,
    ...(isGzip && { 'Content-Encoding': 'gzip' }),
  }
  if (!isGzip) return { status: 200, headers, body }
  if (body instanceof Uint8Array) return { status: 200, headers, body: await promisify(gzip)(body, FASTEST) }
  return { status: 200, headers, body: through(body, createGzip(FASTEST)) }
}
