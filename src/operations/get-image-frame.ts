/**
 * GetImageFrame: the bytes of one frame as they were stored at import, never buffered where they are many. A header asks for a smaller
 * picture, which is a beginning of the same bytes (docs/extensions.md).
 */
import type { App } from '../app.ts'
import { ContractError } from '../contract/errors.ts'
import type { ReplyNotes } from '../contract/handlers.ts'
import type { Input, Output } from '../contract/operations.ts'
import type { ByteSource } from '../dicom/byte-source.ts'
import { DicomError } from '../dicom/dicom-error.ts'
import { frameContentType } from '../dicom/stored-syntax.ts'
import { type SmallerPicture, STORED_FRAME_HEADER_BYTES, smallerPicture } from '../pixel-data/htj2k/smaller-picture.ts'
import { readFrameRanges } from '../stores/blobs/frame-table.ts'
import { parseImageFrameId } from '../stores/blobs/image-frame-id.ts'
import type { FramesPlace, InstancePlace } from '../stores/catalog/image-set-records.ts'
import { beginningOfRanges, bytesOfRanges, type Piece, readPiece, readRanges, sizeOfRanges } from './blob-pieces.ts'
import { activeDatastore } from './datastore-access.ts'

const COLUMNS_MAX = 65_535

export async function getImageFrame(
  input: Input<'GetImageFrame'>,
  app: App,
  notes: ReplyNotes,
): Promise<Output<'GetImageFrame'>> {
  const columnsMin = wantedColumns(notes)
  const { frames, file, frameNumber } = await findFrame(app, input)
  const whole = await rangesOf(app, { frames, file, frameNumber })
  app.accessTimes.note({ datastoreId: input.datastoreId, imageSetId: input.imageSetId })
  const pieces = columnsMin === undefined ? whole : await smallerRanges(app, { whole, columnsMin, notes })
  return {
    imageFrameBlob: await bytesOfRanges(app, pieces),
    contentType: frameContentType(frames.storedTransferSyntaxUID),
  }
}

/** The catalog is asked once; why a frame is not there is looked into only then. */
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
      'The ids of its frames stand in the metadata of the image set, for each of its instances in ImageFrames',
  )
}

interface PlacedFrame {
  readonly frames: FramesPlace
  readonly file: InstancePlace
  readonly frameNumber: number
}

async function rangesOf(app: App, { frames, file, frameNumber }: PlacedFrame): Promise<readonly Piece[]> {
  const { blobKey, offsetBytes, sizeBytes, frameCount } = frames
  if (frames.holds === 'frame') return [{ blobKey, start: offsetBytes, length: sizeBytes }]
  const table: ByteSource = {
    read: (range) => readPiece(app, { blobKey, start: offsetBytes + range.offsetBytes, length: range.lengthBytes }),
  }
  const ranges = await readFrameRanges(table, { frameNumber, frameCount, tableBytes: sizeBytes })
  return ranges.map((range) =>
    range.in === 'blob'
      ? { blobKey, start: range.offsetBytes, length: range.lengthBytes }
      : { blobKey: file.blobKey, start: file.offsetBytes + range.offsetBytes, length: range.lengthBytes },
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
  { whole, columnsMin, notes }: { whole: readonly Piece[]; columnsMin: number; notes: ReplyNotes },
): Promise<readonly Piece[]> {
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

/** Undefined for a frame that was kept in a format without resolutions: it comes whole. */
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
