/** Images that browsers show, of frames as they are stored (PS3.18 8.7.4). AWS does not have them. */
import { createHash } from 'node:crypto'
import type { App } from '../../app.ts'
import type { FramesToRender, NamedInstance, RenderedFrames } from '../../contract/dicomweb.ts'
import { ContractError } from '../../contract/errors.ts'
import { DicomError } from '../../dicom/dicom-error.ts'
import { isVideoSyntax } from '../../dicom/transfer-syntaxes.ts'
import { rebuildDataSet } from '../../imaging/documents/document-data-set.ts'
import type { JsonObject } from '../../imaging/documents/read-document.ts'
import { IMAGE_PIXEL_KEYWORDS, imagePixelOf } from '../../pixel-data/element/image-pixel.ts'
import { displayPartOf, readDisplay } from '../../pixel-data/rendering/read-display.ts'
import type { Rendering } from '../../pixel-data/rendering/rendering.ts'
import type { PlacedInstance } from '../../stores/catalog/image-set-records.ts'
import { type InstanceOfVersion, mergedAttributes, openVersion } from '../../versions/read-instance.ts'
import { sizeOfRanges } from '../blob-ranges.ts'
import type { FramesOfInstance, StoredFrame } from '../stored-frames.ts'
import { encapsulatedDocument, isPDF } from './encapsulated-document.ts'
import { findInstance, findRepresentative } from './find-instances.ts'
import { isDecodable } from './frame-types.ts'
import { fillFromStored } from './open-frame.ts'
import { isFloat } from './pixel-element.ts'
import { renderedPlace } from './rendered-place.ts'
import { namedFrames } from './retrieve-frames.ts'

/** To be raised when the same frame is rendered to another image: it is part of the entity tags. */
const RENDERER = 1

export async function renderFrames(wanted: FramesToRender, app: App): Promise<RenderedFrames> {
  const placed = await placedInstance(app, wanted)
  if (placed.frames === undefined) return documentOf(app, wanted, placed)
  const { storedTransferSyntaxUID, frameCount } = placed.frames
  checkShowable(storedTransferSyntaxUID)
  const { choice, mediaType } = chooseImageType(wanted.mediaTypes)
  const numbers = numbersOf(wanted, frameCount)
  const of: FramesOfInstance = { frames: placed.frames, file: placed }
  const frames = await namedFrames(app, of, numbers)
  const version = await openVersion(app, { datastoreId: wanted.datastoreId, ...placed })
  const instance = await version.instance(placed)
  const attributes = mergedAttributes(version, instance)
  const plan = ({ frameNumber }: StoredFrame) => planOf(app, wanted, { frameNumber, attributes, instance })
  // What cannot be rendered is told before the reply begins; the plans of many frames would take memory.
  const first = plan(frames[0]!)
  return {
    ...{ choice, mediaType, entityTag: entityTagOf(placed, [numbers, mediaType, wanted.rendering]) },
    frames: frames.map((frame, index) => ({
      sizeBytes: undefined,
      async open() {
        const { pixel, rendering } = index === 0 ? first : plan(frame)
        const showing = { transferSyntaxUID: storedTransferSyntaxUID, pixel, rendering: { ...rendering, mediaType } }
        return openRendered(app, frame, showing)
      },
    })),
  }
}

export async function countFrames(instance: NamedInstance, app: App): Promise<number> {
  return (await findInstance(app, instance)).frames?.frameCount ?? 0
}

const placedInstance = (app: App, wanted: FramesToRender): Promise<PlacedInstance> => {
  const { seriesInstanceUID, sopInstanceUID } = wanted
  return seriesInstanceUID === undefined || sopInstanceUID === undefined
    ? findRepresentative(app, wanted)
    : findInstance(app, { ...wanted, seriesInstanceUID, sopInstanceUID })
}

function checkShowable(storedTransferSyntaxUID: string): void {
  if (isVideoSyntax(storedTransferSyntaxUID)) {
    throw notAcceptable(
      'This instance is a video, of which no image is made. frames/1 with transfer-syntax=* is the video',
    )
  }
  if (isDecodable(storedTransferSyntaxUID)) return
  throw notAcceptable(
    `The frames are stored as ${storedTransferSyntaxUID}, which is not decoded. frames/1 with transfer-syntax=* has them as they are stored`,
  )
}

function chooseImageType(
  mediaTypes: readonly string[],
): Pick<RenderedFrames, 'choice'> & { mediaType: Rendering['mediaType'] } {
  for (const [choice, type] of mediaTypes.entries()) {
    if (['*/*', 'image/*', 'image/jpeg'].includes(type)) return { choice, mediaType: 'image/jpeg' }
    if (type === 'image/png') return { choice, mediaType: type }
  }
  throw notAcceptable('Images are sent as image/jpeg or image/png, which is not among the types that are accepted')
}

function numbersOf({ frameNumbers, noSuchFrame }: FramesToRender, frameCount: number): readonly number[] {
  if (frameNumbers === 'middle') return [Math.floor((frameCount - 1) / 2) + 1]
  const beyond = frameNumbers.find((number) => number > frameCount)
  if (beyond === undefined) return frameNumbers
  throw new ContractError(noSuchFrame, `This instance has no frame ${beyond}: its frames are 1 to ${frameCount}`)
}

interface Planning {
  readonly frameNumber: number
  readonly attributes: JsonObject
  readonly instance: InstanceOfVersion
}

function planOf(app: App, wanted: FramesToRender, { frameNumber, attributes, instance }: Planning) {
  const part = displayPartOf(attributes, frameNumber)
  for (const keyword of IMAGE_PIXEL_KEYWORDS) if (keyword in attributes) part[keyword] = attributes[keyword]!
  try {
    const rebuilt = rebuildDataSet({ DICOM: part, DICOMVRs: instance.vrs }).attributes
    const pixel = imagePixelOf(rebuilt)
    const { display, aspect } = readDisplay(rebuilt)
    const place = renderedPlace(wanted.rendering, { pixel, aspect, pixelsMax: app.limits.renderedPixels })
    const { window, quality } = wanted.rendering
    const isWindowed = window !== undefined && display.kind === 'grey'
    const shown = isWindowed ? { ...display, voi: window } : display
    return { pixel, rendering: { ...place, display: shown, isFloat: isFloat(instance), quality } }
  } catch (error) {
    if (!(error instanceof DicomError)) throw error
    throw notAcceptable(`Frame ${frameNumber} cannot be shown: ${error.message}`)
  }
}

interface Showing {
  readonly transferSyntaxUID: string
  readonly pixel: ReturnType<typeof imagePixelOf>
  readonly rendering: Rendering
}

async function openRendered(app: App, frame: StoredFrame, form: Showing) {
  const outcome = await app.frameDecoder.render({
    ...{ ...form, sizeBytes: sizeOfRanges(frame.ranges) },
    read: (memory) => fillFromStored(app, frame, memory),
  })
  if (outcome.kind === 'rendered') return { lent: outcome.image, giveBack: outcome.giveBack }
  throw notAcceptable(`Frame ${frame.frameNumber} cannot be shown: ${outcome.reason}`)
}

/** An encapsulated PDF is its own rendering. */
async function documentOf(app: App, wanted: FramesToRender, placed: PlacedInstance): Promise<RenderedFrames> {
  const isWhole = wanted.frameNumbers === 'middle' && wanted.rendering.viewport === undefined
  const choice = wanted.mediaTypes.findIndex((type) => ['*/*', 'application/*', 'application/pdf'].includes(type))
  if (!isPDF(placed) || !isWhole || choice < 0) {
    const how = isPDF(placed) ? '. It is a PDF: /rendered with Accept: application/pdf has it' : ''
    throw notAcceptable(`This instance has no frames that could be shown as an image${how}`)
  }
  return {
    ...{ choice, mediaType: 'application/pdf', entityTag: entityTagOf(placed, ['pdf']) },
    frames: [{ sizeBytes: undefined, open: () => encapsulatedDocument(app, wanted.datastoreId, placed) }],
  }
}

function entityTagOf({ imageSetId, version, sopInstanceUID }: PlacedInstance, form: unknown): string {
  const text = JSON.stringify([RENDERER, imageSetId, version, sopInstanceUID, form])
  return createHash('sha256').update(text).digest('hex').slice(0, 32)
}

const notAcceptable = (message: string) => new ContractError('NotAcceptableException', message)
