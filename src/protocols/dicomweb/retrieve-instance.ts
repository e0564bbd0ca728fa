/** GetDICOMInstance: a DICOM file alone, or as the one part of multipart/related. */
import type { RetrievedFile, Segment } from '../../contract/dicomweb.ts'
import type { WireHeaders, WireReply } from '../http/wire.ts'
import { acceptedOf } from './accept.ts'
import type { DicomwebAnswer } from './answer.ts'
import { bytesOfSegments, type Multipart, multipart, started } from './bodies.ts'
import { headersOf, isKnown, notModified, notSatisfiable, wantedBytes } from './conditions.ts'
import { namedInstance } from './named.ts'
import { wantedFiles } from './wanted-syntaxes.ts'

const DICOM = 'application/dicom'

export const retrieveInstance: DicomwebAnswer = async (call, { app, operations }) => {
  const { headers } = call.request
  const wanted = wantedFiles(acceptedOf(call))
  const found = await operations.retrieveInstance({ ...namedInstance(call), wanted }, app)
  return wanted[found.choice]!.isMultipart ? asPart(found, multipart(app.newId())) : fileReply(found, headers)
}

const contentTypeOf = ({ transferSyntaxUID }: RetrievedFile): string => `${DICOM}; transfer-syntax=${transferSyntaxUID}`

/** A file alone, or a part of it. */
export async function fileReply(found: RetrievedFile, headers: WireHeaders): Promise<WireReply> {
  const { entityTag, sizeBytes, ahead } = found
  if (isKnown(headers, entityTag)) return notModified(entityTag)
  const replyHeaders = { 'Content-Type': contentTypeOf(found), Vary: 'Accept' }
  if (sizeBytes === undefined) {
    const body = await started(bytesOfSegments(found.segments(), { ahead }))
    return { status: 200, headers: { ...replyHeaders, ETag: `"${entityTag}"` }, body }
  }
  const wanted = wantedBytes(headers, { sizeBytes, entityTag })
  if (wanted === undefined) return notSatisfiable(sizeBytes)
  const part = wanted.kind === 'part' ? wanted : undefined
  return {
    status: part === undefined ? 200 : 206,
    headers: {
      ...{ ...replyHeaders, 'Content-Length': String(wanted.length) },
      ...headersOf(wanted, { sizeBytes, entityTag }),
    },
    body: await started(bytesOfSegments(found.segments(), { ahead, part })),
  }
}

async function asPart(found: RetrievedFile, parts: Multipart): Promise<WireReply> {
  const { sizeBytes, ahead } = found
  const head = parts.head(contentTypeOf(found))
  function* segments(): Generator<Segment> {
    yield head
    yield* found.segments()
    yield parts.partEnd
    yield parts.end
  }
  const around = head.length + parts.partEnd.length + parts.end.length
  return {
    status: 200,
    headers: {
      'Content-Type': `multipart/related; type="${DICOM}"; boundary=${parts.boundary}`,
      ...(sizeBytes !== undefined && { 'Content-Length': String(around + sizeBytes) }),
      Vary: 'Accept',
    },
    body: await started(bytesOfSegments(segments(), { ahead })),
  }
}
