/** GetDICOMBulkdata: a large binary value of the metadata, or the pixel data. */
import { PIXEL_DATA_NAME } from '../../contract/dicomweb.ts'
import { ContractError } from '../../contract/errors.ts'
import type { WireReply } from '../http/wire.ts'
import { acceptedOf } from './accept.ts'
import type { DicomwebAnswer } from './answer.ts'
import { multipart } from './bodies.ts'
import { headersOf, isKnown, notModified, notSatisfiable, wantedBytes } from './conditions.ts'
import { namedInstance } from './named.ts'
import { framesReply } from './retrieve-frames.ts'
import { wantedBulkdata } from './wanted-syntaxes.ts'

const OCTET_STREAM = 'application/octet-stream'

export const retrieveBulkdata: DicomwebAnswer = async (call, { app, operations }) => {
  const { headers } = call.request
  const name = call.labels.hash!
  const forms = wantedBulkdata(acceptedOf(call))
  const named = namedInstance(call)
  if (name === PIXEL_DATA_NAME) {
    const { retrieveFrames: retrieve } = operations
    return framesReply({ ...named, frameNumbers: 'all' }, { forms, headers, app, retrieve })
  }
  if (!/^[0-9a-f]{32}$/.test(name)) {
    throw new ContractError('ValidationException', 'The path must name bulk data as BulkDataURI in the metadata does')
  }
  const form = forms.find(({ frameType }) => frameType === undefined)
  if (form === undefined)
    throw new ContractError('NotAcceptableException', `This value is sent as ${OCTET_STREAM} only`)
  // The name is the MD5 of the bytes.
  if (!form.isMultipart && isKnown(headers, name)) return notModified(name)
  const bytes = await operations.retrieveBulkdata({ ...named, name }, app)
  return form.isMultipart ? asPart(bytes, multipart(app.newId())) : alone(bytes, { name, headers })
}

function asPart(bytes: Uint8Array, parts: ReturnType<typeof multipart>): WireReply {
  const type = `multipart/related; type="${OCTET_STREAM}"; boundary=${parts.boundary}`
  const body = [parts.head(OCTET_STREAM), bytes, parts.partEnd, parts.end]
  return { status: 200, headers: { 'Content-Type': type, Vary: 'Accept' }, body }
}

function alone(
  bytes: Uint8Array,
  { name, headers }: { readonly name: string; readonly headers: Parameters<typeof isKnown>[0] },
): WireReply {
  const of = { sizeBytes: bytes.length, entityTag: name }
  const wanted = wantedBytes(headers, of)
  if (wanted === undefined) return notSatisfiable(bytes.length)
  return {
    status: wanted.kind === 'part' ? 206 : 200,
    headers: { 'Content-Type': OCTET_STREAM, Vary: 'Accept', ...headersOf(wanted, of) },
    body: bytes.subarray(wanted.start, wanted.start + wanted.length),
  }
}
