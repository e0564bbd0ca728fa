/** StoreDICOM and StoreDICOMStudy (STOW-RS, PS3.18 10.5): files in a multipart body, or one file as the body. */
import type { App } from '../../app.ts'
import { ContractError } from '../../contract/errors.ts'
import type { StoreRequest } from '../../contract/store-requests.ts'
import { HttpRefusal } from '../http/http-refusal.ts'
import type { WireRequest } from '../http/wire.ts'
import { acceptedRanges, mediaTypeOf } from './accept.ts'
import type { DicomwebAnswer, DicomwebCall } from './answer.ts'
import { originOf } from './named.ts'
import { BrokenMultipart, type Part, readMultipart } from './read-multipart.ts'
import { DICOM_JSON, storeReply } from './store-reply.ts'
import { checkAccepted } from './wanted-syntaxes.ts'

const DICOM = 'application/dicom'
/** RFC 2046 5.1.1. */
/** RFC 2046 allows 70; Orthanc sends 73. */
const BOUNDARY_CHARACTERS_MAX = 200

export const storeInstances: DicomwebAnswer = async (call, { app, operations }) => {
  const { request, labels, caller, body } = call
  const datastoreId = labels.datastoreId!
  checkAccepted(acceptedRanges(request.headers.accept), [DICOM_JSON, 'application/json'])
  const boundary = boundaryOf(request)
  const store = await operations.openStoreRequest(
    { callerId: caller.id, datastoreId, studyInstanceUID: labels.study, isHeld: body.isHeld },
    app,
  )
  try {
    const unread = boundary === undefined ? await addWhole(call, store) : await addParts(call, { app, store, boundary })
    const outcomes = await store.finish()
    return storeReply({ outcomes, unread }, { datastoreUrl: `${originOf(request)}/datastore/${datastoreId}` })
  } finally {
    store.abort()
  }
}

async function addWhole({ body }: DicomwebCall, store: StoreRequest): Promise<readonly string[]> {
  await store.add(body.bytes)
  return []
}

/** @returns why parts were not taken, one sentence each */
async function addParts(
  { body }: DicomwebCall,
  { app, store, boundary }: { readonly app: App; readonly store: StoreRequest; readonly boundary: string },
): Promise<readonly string[]> {
  const { storePartHeaderBytes, storeRequestFiles } = app.limits
  const unread: string[] = []
  let parts = 0
  try {
    for await (const part of readMultipart(body.bytes, { boundary, headerBytesMax: storePartHeaderBytes })) {
      parts += 1
      if (parts > storeRequestFiles) {
        throw new HttpRefusal(413, `A store request may have at most ${storeRequestFiles} files.`)
      }
      const refusal = refusalOf(part)
      if (refusal === undefined) await store.add(part.bytes)
      else unread.push(refusal)
    }
  } catch (error) {
    if (!(error instanceof BrokenMultipart)) throw error
    if (parts === 0) throw invalid(`${error.message}. It must have parts with the boundary of its Content-Type.`)
    unread.push(error.message)
    // Its end decides whether the body is the one that was signed.
    for await (const _ of body.bytes);
  }
  if (parts === 0) throw invalid('The body has no parts.')
  return unread
}

function refusalOf({ headers }: Part): string | undefined {
  const given = headers['content-type']
  if (given === undefined || mediaTypeOf(given)?.type === DICOM) return undefined
  return `The Content-Type of a part must be ${DICOM}`
}

/** Undefined where the body is one file. */
function boundaryOf({ headers }: WireRequest): string | undefined {
  const codings = (headers['content-encoding'] ?? '').split(',').map((coding) => coding.trim().toLowerCase())
  if (codings.some((coding) => !['', 'identity', 'aws-chunked'].includes(coding))) {
    throw unsupported('Send the body without a Content-Encoding.')
  }
  const type = mediaTypeOf(headers['content-type'] ?? '')
  if (type?.type === DICOM) return undefined
  if (type?.type !== 'multipart/related') {
    throw unsupported(`The Content-Type must be multipart/related; type="${DICOM}"; boundary=..., or ${DICOM}.`)
  }
  const inside = type.parameters.get('type')
  if (inside !== undefined && inside.toLowerCase() !== DICOM)
    throw unsupported(`The parts must be of the type ${DICOM}.`)
  const boundary = type.parameters.get('boundary')
  if (!boundary || boundary.length > BOUNDARY_CHARACTERS_MAX) {
    throw invalid(
      `The Content-Type must name the boundary of the parts, with 1 to ${BOUNDARY_CHARACTERS_MAX} characters.`,
    )
  }
  return boundary
}

const invalid = (message: string) => new ContractError('ValidationException', message)
const unsupported = (message: string) => new ContractError('UnsupportedMediaTypeException', message)
