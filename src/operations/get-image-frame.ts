/**
 * GetImageFrame: the bytes of one frame as stored at import, verified against their checksum; large frames are streamed. With the header
 * x-hilum-min-width the reply is a smaller picture: the first part of the same bytes (docs/extensions.md), which is not verified.
 */
import type { App } from '../app.ts'
import { ContractError } from '../contract/errors.ts'
import type { ReplyNotes } from '../contract/handlers.ts'
import type { Input, Output } from '../contract/operations.ts'
import { DicomError } from '../dicom/dicom-error.ts'
import { frameContentType } from '../dicom/transfer-syntaxes.ts'
import { type SmallerPicture, STORED_FRAME_HEADER_BYTES, smallerPicture } from '../pixel-data/htj2k/smaller-picture.ts'
import { parseImageFrameId } from '../stores/blobs/image-frame-id.ts'
import { type BlobRange, beginningOfRanges, bytesOfRanges, readRanges, sizeOfRanges } from './blob-ranges.ts'
import { activeDatastore } from './datastore-access.ts'
import { storedFrame } from './stored-frames.ts'

const COLUMNS_MAX = 65_535

export async function getImageFrame(
  input: Input<'GetImageFrame'>,
  app: App,
  notes: ReplyNotes,
): Promise<Output<'GetImageFrame'>> {
  const columnsMin = wantedColumns(notes)
  const { frames, file, frameNumber } = await findFrame(app, input)
  const { ranges: whole, expected } = await storedFrame(app, { frames, file }, frameNumber)
  app.accessTimes.note({ datastoreId: input.datastoreId, imageSetId: input.imageSetId })
  const ranges = columnsMin === undefined ? whole : await smallerRanges(app, { whole, columnsMin, notes })
  return {
    imageFrameBlob: await bytesOfRanges(app, ranges, ranges === whole ? expected : undefined),
    contentType: frameContentType(frames.storedTransferSyntaxUID),
  }
}

/** One catalog query finds the frame; only if there is none, the data store is checked. */
async function findFrame(app: App, input: Input<'GetImageFrame'>) {
  const { datastoreId, imageSetId } = input
  const { imageFrameId } = input.imageFrameInformation
  const parts = parseImageFrameId(imageFrameId)
  const found = parts && (await app.catalog.imageSets.frames({ datastoreId, imageSetId, framesKey: parts.framesKey }))
  if (parts !== undefined && found !== undefined && parts.frameNumber >= 1) {
    if (parts.frameNumber <= found.frames.frameCount) return { ...found, frameNumber: parts.frameNumber }
  }
  await activeDatastore(app, datastoreId)
  throw new ContractError(
    'ResourceNotFoundException',
    `Data store ${datastoreId} has no image set ${imageSetId} with an image frame ${imageFrameId}. ` +
      'ImageFrames of each instance in the metadata of the image set lists the ids of its frames',
  )
}

function wantedColumns({ requestHeaders }: ReplyNotes): number | undefined {
  const value = requestHeaders('x-hilum-min-width')
  if (value === undefined) return undefined
  const columns = /^\d{1,5}$/.test(value.trim()) ? Number(value) : 0
  if (columns >= 1 && columns <= COLUMNS_MAX) return columns
  const message = `The header x-hilum-min-width takes a number of columns from 1 to ${COLUMNS_MAX}. Leave it out for the whole frame`
  throw new ContractError('ValidationException', message)
}

async function smallerRanges(
  app: App,
  { whole, columnsMin, notes }: { whole: readonly BlobRange[]; columnsMin: number; notes: ReplyNotes },
): Promise<readonly BlobRange[]> {
  const sizeBytes = sizeOfRanges(whole)
  const picture = pictureIn(await readRanges(app, beginningOfRanges(whole, STORED_FRAME_HEADER_BYTES)), {
    columnsMin,
    sizeBytes,
  })
  notes.replyHeaders['x-hilum-skipped-resolutions'] = String(picture?.skippedResolutions ?? 0)
  if (picture === undefined) return whole
  notes.replyHeaders['x-hilum-columns'] = String(picture.columns)
  notes.replyHeaders['x-hilum-rows'] = String(picture.rows)
  return beginningOfRanges(whole, picture.lengthBytes)
}

/** Undefined for a frame in a format without resolutions, which is returned whole. */
function pictureIn(
  header: Uint8Array,
  wanted: { readonly columnsMin: number; readonly sizeBytes: number },
): SmallerPicture | undefined {
  try {
    return smallerPicture(header, wanted)
  } catch (error) {
    if (!(error instanceof DicomError)) throw error
    return undefined
  }
}
