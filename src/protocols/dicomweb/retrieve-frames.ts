/** GetDICOMInstanceFrames: one frame alone, or frames as multipart/related in the order of the request. */
import type { App } from '../../app.ts'
import type { FramesToRetrieve, RetrievedFrames, Segment } from '../../contract/dicomweb.ts'
import { ContractError } from '../../contract/errors.ts'
import { bytesReply } from '../aws/write-output.ts'
import type { WireHeaders, WireReply } from '../http/wire.ts'
import { acceptedOf } from './accept.ts'
import type { DicomwebAnswer } from './answer.ts'
import { bytesOfSegments, type Multipart, multipart, started } from './bodies.ts'
import { headersOf, isKnown, notModified, notSatisfiable, wantedBytes } from './conditions.ts'
import { frameNumbersIn, namedInstance } from './named.ts'
import { type WantedForm, wantedFrames } from './wanted-syntaxes.ts'

export const retrieveFrames: DicomwebAnswer = async (call, { app, operations }) => {
  const frameNumbers = frameNumbersIn(call)
  const forms = wantedFrames(acceptedOf(call), { isSingle: frameNumbers.length === 1 })
  const named = { ...namedInstance(call), frameNumbers }
  return framesReply(named, { forms, headers: call.request.headers, app, retrieve: operations.retrieveFrames })
}

interface Answering {
  readonly forms: readonly WantedForm[]
  readonly headers: WireHeaders
  readonly app: App
  readonly retrieve: (wanted: FramesToRetrieve, app: App) => Promise<RetrievedFrames>
}

/** Frames that nobody asked to decode are sent as they are stored where that fails. */
export async function framesReply(
  named: Omit<FramesToRetrieve, 'wanted'>,
  { forms, headers, app, retrieve }: Answering,
): Promise<WireReply> {
  const answer = async (wanted: readonly WantedForm[]) => {
    const found = await retrieve({ ...named, wanted }, app)
    return wanted[found.choice]!.isMultipart ? multipartReply(found, app) : singleReply(found, headers)
  }
  try {
    return await answer(forms)
  } catch (error) {
    const isNotAcceptable = error instanceof ContractError && error.name === 'NotAcceptableException'
    const hasDefault = forms.some(({ transferSyntax }) => transferSyntax === 'default')
    if (!isNotAcceptable || !hasDefault) throw error
    return answer(
      forms.map((form) => (form.transferSyntax === 'default' ? { ...form, transferSyntax: 'stored' } : form)),
    )
  }
}

const contentTypeOf = ({ frameType, transferSyntaxUID }: RetrievedFrames): string =>
  `${frameType}; transfer-syntax=${transferSyntaxUID}`

async function singleReply(found: RetrievedFrames, headers: WireHeaders): Promise<WireReply> {
  const { entityTag, frames } = found
  const [frame, ...others] = frames
  if (others.length > 0) return joinedReply(found)
  if (isKnown(headers, entityTag)) return notModified(entityTag)
  const { sizeBytes } = frame!
  const wanted = wantedBytes(headers, { sizeBytes, entityTag })
  if (wanted === undefined) return notSatisfiable(sizeBytes)
  const isPart = wanted.kind === 'part'
  return bytesReply(await (isPart ? frame!.open(wanted) : frame!.open()), {
    status: isPart ? 206 : 200,
    headers: {
      'Content-Type': contentTypeOf(found),
      Vary: 'Accept',
      ...headersOf(wanted, { sizeBytes, entityTag }),
    },
  })
}

/** The whole pixel data as one value, which only uncompressed frames have. */
async function joinedReply(found: RetrievedFrames): Promise<WireReply> {
  if (found.transferSyntaxUID !== EXPLICIT_LITTLE_ENDIAN) {
    const message = 'Several compressed frames are sent only as multipart/related. Add it to the header Accept'
    throw new ContractError('NotAcceptableException', message)
  }
  const { frames, ahead } = found
  const sizeBytes = frames.reduce((sum, frame) => sum + frame.sizeBytes, 0)
  const headers = { 'Content-Type': contentTypeOf(found), 'Content-Length': String(sizeBytes), Vary: 'Accept' }
  return { status: 200, headers, body: await started(bytesOfSegments(frames, { ahead })) }
}

const EXPLICIT_LITTLE_ENDIAN = '1.2.840.10008.1.2.1'

async function multipartReply(found: RetrievedFrames, app: App): Promise<WireReply> {
  const { frames, frameType, ahead } = found
  const parts = multipart(app.newId())
  const head = parts.head(contentTypeOf(found))
  const reply = {
    status: 200,
    headers: {
      'Content-Type': `multipart/related; type="${frameType}"; boundary=${parts.boundary}`,
      Vary: 'Accept',
    },
  }
  if (frames.length === 1) {
    const bytes = await frames[0]!.open()
    const around = (part: Uint8Array) => [head, part, parts.partEnd, parts.end]
    if (bytes instanceof Uint8Array) return { ...reply, body: around(bytes) }
    if ('lent' in bytes) return { ...reply, body: around(bytes.lent), onDone: () => bytes.giveBack() }
    return streamedReply(reply, { frames: [{ ...frames[0]!, open: async () => bytes }], ahead, parts, head })
  }
  return streamedReply(reply, { frames, ahead, parts, head })
}

interface StreamedParts extends Pick<RetrievedFrames, 'frames' | 'ahead'> {
  readonly parts: Multipart
  readonly head: Uint8Array
}

async function streamedReply(
  reply: Pick<WireReply, 'status' | 'headers'>,
  { frames, ahead, parts, head }: StreamedParts,
): Promise<WireReply> {
  const around = head.length + parts.partEnd.length
  const lengthBytes = frames.reduce((sum, { sizeBytes }) => sum + around + sizeBytes, parts.end.length)
  const body = await started(bytesOfSegments(segmentsOf({ frames, ahead, parts, head }), { ahead }))
  return { ...reply, headers: { ...reply.headers, 'Content-Length': String(lengthBytes) }, body }
}

function* segmentsOf({ frames, parts, head }: StreamedParts): Generator<Segment> {
  for (const frame of frames) {
    yield head
    yield frame
    yield parts.partEnd
  }
  yield parts.end
}
