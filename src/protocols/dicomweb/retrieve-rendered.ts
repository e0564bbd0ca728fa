/** Rendered images and thumbnails of frames, instances, series and studies (PS3.18 10.4.1.1.2, 10.4.1.1.3). */
import type { App } from '../../app.ts'
import type {
  DicomwebOperations,
  FramesToRender,
  RenderedFrames,
  Segment,
  WantedRendering,
} from '../../contract/dicomweb.ts'
import { ContractError } from '../../contract/errors.ts'
import { bytesReply } from '../aws/write-output.ts'
import type { WireHeaders, WireReply } from '../http/wire.ts'
import { acceptedRanges, type MediaRange } from './accept.ts'
import type { DicomwebAnswer, DicomwebCall } from './answer.ts'
import { bytesOfSegments, multipart, started } from './bodies.ts'
import { isKnown, notModified } from './conditions.ts'
import { frameNumbersIn } from './named.ts'
import { wantedRendering } from './rendering-parameters.ts'

interface Tools {
  readonly app: App
  readonly operations: DicomwebOperations<App>
}

export const retrieveRendered: DicomwebAnswer = (call, to) =>
  answerImages(call, wantedRendering(call.query, { isThumbnail: false }), to)

export const retrieveThumbnail: DicomwebAnswer = (call, to) =>
  answerImages(call, wantedRendering(call.query, { isThumbnail: true }), to)

function answerImages(call: DicomwebCall, rendering: WantedRendering, to: Tools): Promise<WireReply> {
  const { labels } = call
  const frameNumbers = labels.frames === undefined ? 'middle' : frameNumbersIn(call)
  return imagesReply(call, { frameNumbers, noSuchFrame: 'ResourceNotFoundException', rendering }, to)
}

type Wanted = Pick<FramesToRender, 'frameNumbers' | 'noSuchFrame' | 'rendering'>

/** The header Accept, or the query parameter of this name, which takes precedence (PS3.18 8.3.3.1). */
export async function imagesReply(
  { request, labels, query, imageSetId }: DicomwebCall,
  wanted: Wanted,
  { app, operations }: Tools,
  accept: string | undefined = query.get('accept') ?? request.headers.accept,
): Promise<WireReply> {
  const forms = formsOf(acceptedRanges(accept), {
    isSingle: wanted.frameNumbers.length === 1 || wanted.frameNumbers === 'middle',
  })
  const found = await operations.renderFrames(
    {
      ...wanted,
      ...{ datastoreId: labels.datastoreId!, imageSetId, mediaTypes: forms.map(({ type }) => type) },
      ...{ studyInstanceUID: labels.study!, seriesInstanceUID: labels.series, sopInstanceUID: labels.instance },
    },
    app,
  )
  return forms[found.choice]!.isMultipart ? partsReply(found, app) : singleReply(found, request.headers)
}

interface Form {
  readonly type: string
  readonly isMultipart: boolean
}

function formsOf(ranges: readonly MediaRange[], { isSingle }: { readonly isSingle: boolean }): readonly Form[] {
  const forms = ranges.map(({ type, parameters }): Form => {
    const isMultipart = type === 'multipart/related' || type === 'multipart/*'
    return { type: isMultipart ? (parameters.get('type') ?? '*/*').trim().toLowerCase() : type, isMultipart }
  })
  // Several images are sent as parts, also to a client that accepts everything.
  const possible = isSingle ? forms : forms.map((form) => (form.type === '*/*' ? { ...form, isMultipart: true } : form))
  const left = possible.filter(({ isMultipart }) => isMultipart || isSingle)
  if (left.length > 0 || isSingle) return left
  throw new ContractError(
    'NotAcceptableException',
    'Several images are sent only as multipart/related; type="image/jpeg" or "image/png". Add it to the header Accept, or ask for one frame',
  )
}

async function singleReply({ entityTag, frames, mediaType }: RenderedFrames, headers: WireHeaders): Promise<WireReply> {
  if (isKnown(headers, entityTag)) return notModified(entityTag)
  return bytesReply(await frames[0]!.open(), {
    status: 200,
    headers: { 'Content-Type': mediaType, Vary: 'Accept', ETag: `"${entityTag}"` },
  })
}

async function partsReply({ frames, mediaType }: RenderedFrames, app: App): Promise<WireReply> {
  const parts = multipart(app.newId())
  const head = parts.head(mediaType)
  function* segments(): Generator<Segment> {
    for (const frame of frames) {
      yield head
      yield frame
      yield parts.partEnd
    }
    yield parts.end
  }
  return {
    status: 200,
    headers: {
      'Content-Type': `multipart/related; type="${mediaType}"; boundary=${parts.boundary}`,
      Vary: 'Accept',
    },
    body: await started(bytesOfSegments(segments(), { ahead: 1 })),
  }
}
