/** GetDICOMInstanceFrames: frames in the order of the request, as they are stored or decoded to explicit VR little endian. */
import { createHash } from 'node:crypto'
import type { App } from '../../app.ts'
import type { FramesToRetrieve, RetrievedFrames } from '../../contract/dicomweb.ts'
import { ContractError } from '../../contract/errors.ts'
import { DicomError } from '../../dicom/dicom-error.ts'
import { rebuildDataSet } from '../../imaging/documents/document-data-set.ts'
import { IMAGE_PIXEL_KEYWORDS, type ImagePixel, imagePixelOf } from '../../pixel-data/element/image-pixel.ts'
import type { PlacedInstance } from '../../stores/catalog/image-set-records.ts'
import { openVersion } from '../../versions/read-instance.ts'
import { sizeOfRanges } from '../blob-ranges.ts'
import { type FramesOfInstance, type StoredFrame, storedFrame, storedFrames } from '../stored-frames.ts'
import { findInstance } from './find-instances.ts'
import { type ChosenType, chooseFrameType, notAcceptable, OCTET_STREAM, skippedBytes } from './frame-types.ts'
import { decodedBytes, openDecoded, openStored, STORED_AHEAD } from './open-frame.ts'

export async function retrieveFrames(wanted: FramesToRetrieve, app: App): Promise<RetrievedFrames> {
  const instance = await findInstance(app, wanted)
  const of = framesOf(instance)
  const frames = await namedFrames(app, of, wanted.frameNumbers)
  const chosen = chooseFrameType(wanted.wanted, of.frames.storedTransferSyntaxUID)
  if (!chosen.isDecoded) return asStored(app, of, { frames, chosen })
  return decoded(app, of, { frames, chosen, pixel: await pixelOf(app, { datastoreId: wanted.datastoreId, instance }) })
}

export function framesOf(instance: PlacedInstance): FramesOfInstance {
  if (instance.frames !== undefined) return { frames: instance.frames, file: instance }
  throw new ContractError(
    'ResourceNotFoundException',
    'This instance has no frames: it is not an image, or the import could not split its pixel data',
  )
}

/** One by one; to place more, the whole frame table is read. */
const FRAMES_LOOKED_UP = 4

export async function namedFrames(
  app: App,
  of: FramesOfInstance,
  numbers: FramesToRetrieve['frameNumbers'],
): Promise<readonly StoredFrame[]> {
  if (numbers === 'all') return storedFrames(app, of)
  const { frameCount } = of.frames
  const beyond = numbers.find((number) => number > frameCount)
  if (beyond !== undefined) {
    const message = `This instance has no frame ${beyond}: its frames are 1 to ${frameCount}`
    throw new ContractError('ResourceNotFoundException', message)
  }
  if (numbers.length > FRAMES_LOOKED_UP) {
    const all = await storedFrames(app, of)
    return numbers.map((number) => all[number - 1]!)
  }
  const frames: StoredFrame[] = []
  for (const number of numbers) frames.push(await storedFrame(app, of, number))
  return frames
}

async function pixelOf(
  app: App,
  { datastoreId, instance }: { readonly datastoreId: string; readonly instance: PlacedInstance },
): Promise<ImagePixel> {
  const { own } = await (await openVersion(app, { datastoreId, ...instance })).instance(instance)
  const DICOM = Object.fromEntries(IMAGE_PIXEL_KEYWORDS.flatMap((key) => (key in own ? [[key, own[key]!]] : [])))
  try {
    return imagePixelOf(rebuildDataSet({ DICOM, DICOMVRs: {} }).attributes)
  } catch (error) {
    if (error instanceof DicomError)
      throw notAcceptable('The frames cannot be decoded. They are', instance.frames!.storedTransferSyntaxUID)
    throw error
  }
}

interface FramesInType {
  readonly frames: readonly StoredFrame[]
  readonly chosen: ChosenType
}

function asStored(app: App, of: FramesOfInstance, { frames, chosen }: FramesInType): RetrievedFrames {
  const { transferSyntaxUID, frameType, choice } = chosen
  const skipBytes = skippedBytes(transferSyntaxUID, frameType)
  return {
    ...{ choice, transferSyntaxUID, frameType, ahead: STORED_AHEAD },
    entityTag: entityTagOf(of, frames, frameType),
    frames: frames.map((frame) => ({
      sizeBytes: sizeOfRanges(frame.ranges) - skipBytes,
      open: (part) => openStored(app, frame, { skipBytes, part }),
    })),
  }
}

function decoded(
  app: App,
  of: FramesOfInstance,
  { frames, chosen, pixel }: FramesInType & { readonly pixel: ImagePixel },
): RetrievedFrames {
  const { transferSyntaxUID, choice } = chosen
  const sizeBytes = decodedBytes(pixel)
  const form = { transferSyntaxUID: of.frames.storedTransferSyntaxUID, pixel }
  return {
    ...{ choice, transferSyntaxUID, frameType: OCTET_STREAM, ahead: app.frameDecoder.framesAhead(pixel) },
    entityTag: entityTagOf(of, frames, 'decoded'),
    frames: frames.map((frame) => ({ sizeBytes, open: (part) => openDecoded(app, frame, { ...form, part }) })),
  }
}

/** Stored frames never change. */
function entityTagOf({ frames }: FramesOfInstance, of: readonly StoredFrame[], form: string): string {
  const numbers = of.length === 1 ? String(of[0]!.frameNumber) : digestOf(of.map(({ frameNumber }) => frameNumber))
  return `${frames.framesKey}-${numbers}-${form.replace('/', '.')}`
}

const digestOf = (numbers: readonly number[]): string =>
  createHash('sha256').update(numbers.join()).digest('hex').slice(0, 16)
