/**
 * GetImageFrame: the bytes of one frame as they were stored at import, never buffered where they are many, and held against the checksum
 * that was stored with them. A header asks for a smaller picture, which is a beginning of the same bytes (docs/extensions.md) and is not
 * checked.
 */
import type { App } from '../app.ts'
import { ContractError } from '../contract/errors.ts'
import type { ReplyNotes } from '../contract/handlers.ts'
import type { Input, Output } from '../contract/operations.ts'
import type { ByteSource } from '../dicom/byte-source.ts'
import { DicomError } from '../dicom/dicom-error.ts'
import { frameContentType } from '../dicom/transfer-syntaxes.ts'
import { type SmallerPicture, STORED_FRAME_HEADER_BYTES, smallerPicture } from '../pixel-data/htj2k/smaller-picture.ts'
import { DamagedFrameTable, readTableFrame, type TableFrame } from '../stores/blobs/frame-table.ts'
import { parseImageFrameId } from '../stores/blobs/image-frame-id.ts'
import type { FramesPlace, InstancePlace } from '../stores/catalog/image-set-records.ts'
import {
  beginningOfRanges,
  bytesOfRanges,
  type Expected,
  type Piece,
  readPiece,
  readRanges,
  sizeOfRanges,
} from './blob-pieces.ts'
import { activeDatastore } from './datastore-access.ts'

const COLUMNS_MAX = 65_535

export async function getImageFrame(
  input: Input<'GetImageFrame'>,
  app: App,
  notes: ReplyNotes,
): Promise<Output<'GetImageFrame'>> {
  const columnsMin = wantedColumns(notes)
  const { frames, file, frameNumber } = await findFrame(app, input)
  const { imageFrameId } = input.imageFrameInformation
  const { pieces: whole, checksum } = await rangesOf(app, { frames, file, frameNumber, imageFrameId })
  app.accessTimes.note({ datastoreId: input.datastoreId, imageSetId: input.imageSetId })
  const pieces = columnsMin === undefined ? whole : await smallerRanges(app, { whole, columnsMin, notes })
  const expected: Expected = {
    ...{ number: frameNumber, checksum },
    damaged: () => damaged(app, { imageFrameId, place: whole[0]! }),
  }
  return {
    imageFrameBlob: await bytesOfRanges(app, pieces, pieces === whole ? expected : undefined),
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
  readonly imageFrameId: string
}

interface FoundFrame {
  readonly pieces: readonly Piece[]
  readonly checksum: number | undefined
}

async function rangesOf(app: App, { frames, file, frameNumber, imageFrameId }: PlacedFrame): Promise<FoundFrame> {
  const { blobKey, offsetBytes, sizeBytes, frameCount, checksum } = frames
  const place = { blobKey, start: offsetBytes, length: sizeBytes }
  if (frames.holds === 'frame') return { pieces: [place], checksum }
  try {
    const inTable = await readTableFrame(tableAt(app, place), { frameNumber, frameCount, tableBytes: sizeBytes })
    const pieces = inTable.ranges.map((range) => pieceOf(range, { frames, file }))
    return { pieces, checksum: inTable.checksum }
  } catch (error) {
    throw error instanceof DamagedFrameTable ? damaged(app, { imageFrameId, place }) : error
  }
}

const tableAt = (app: App, { blobKey, start }: Piece): ByteSource => ({
  read: ({ offsetBytes, lengthBytes }) => readPiece(app, { blobKey, start: start + offsetBytes, length: lengthBytes }),
})

const pieceOf = (
  { in: whose, offsetBytes, lengthBytes: length }: TableFrame['ranges'][number],
  { frames, file }: Pick<PlacedFrame, 'frames' | 'file'>,
): Piece =>
  whose === 'blob'
    ? { blobKey: frames.blobKey, start: offsetBytes, length }
    : { blobKey: file.blobKey, start: file.offsetBytes + offsetBytes, length }

/** An alarm in the log: nothing but the operator, with a copy of the blob, can mend it. */
function damaged(app: App, { imageFrameId, place }: { imageFrameId: string; place: Piece }): ContractError {
  const { blobKey, start: offsetBytes, length: sizeBytes } = place
  app.log.error(
    { imageFrameId, blobKey, offsetBytes, sizeBytes },
    'ALARM: the stored bytes of an image frame are damaged',
  )
  return new ContractError(
    'InternalServerException',
    'The stored bytes of this image frame are damaged. The log of the server names the blob that they lie in',
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
