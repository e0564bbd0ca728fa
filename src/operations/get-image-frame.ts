/**
 * GetImageFrame: the bytes of one frame as stored at import, verified against their checksum; large frames are streamed. With the header
 * x-hilum-min-width the reply is a smaller picture: the first part of the same bytes (docs/extensions.md), which is not verified.
 */
import type { App } from '../app.ts'
import { ContractError } from '../contract/errors.ts'
import type { ReplyNotes } from '../contract/handlers.ts'
import type { Input, Output } from '../contract/operations.ts'
import type { ByteSource } from '../dicom/byte-source.ts'
import { DicomError } from '../dicom/dicom-error.ts'
import { frameContentType } from '../dicom/transfer-syntaxes.ts'
import { type SmallerPicture, STORED_FRAME_HEADER_BYTES, smallerPicture } from '../pixel-data/htj2k/smaller-picture.ts'
import { DamagedBlob } from '../stores/blobs/blob-store.ts'
import { DamagedFrameTable, readTableFrame, type TableFrame } from '../stores/blobs/frame-table.ts'
import { parseImageFrameId } from '../stores/blobs/image-frame-id.ts'
import type { FramesRange, InstanceFile } from '../stores/catalog/image-set-records.ts'
import {
  type BlobRange,
  beginningOfRanges,
  bytesOfRanges,
  type Expected,
  readRange,
  readRanges,
  sizeOfRanges,
} from './blob-ranges.ts'
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
  const { ranges: whole, checksum } = await rangesOf(app, { frames, file, frameNumber, imageFrameId })
  app.accessTimes.note({ datastoreId: input.datastoreId, imageSetId: input.imageSetId })
  const ranges = columnsMin === undefined ? whole : await smallerRanges(app, { whole, columnsMin, notes })
  const expected: Expected = {
    ...{ number: frameNumber, checksum },
    damaged: () => damaged(app, { imageFrameId, place: whole[0]! }),
  }
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

interface PlacedFrame {
  readonly frames: FramesRange
  readonly file: InstanceFile
  readonly frameNumber: number
  readonly imageFrameId: string
}

interface FoundFrame {
  readonly ranges: readonly BlobRange[]
  readonly checksum: number
}

async function rangesOf(app: App, { frames, file, frameNumber, imageFrameId }: PlacedFrame): Promise<FoundFrame> {
  const { blobKey, offsetBytes, sizeBytes, frameCount } = frames
  const place = { blobKey, start: offsetBytes, length: sizeBytes }
  if (frames.holds === 'frame') return { ranges: [place], checksum: frames.checksum }
  try {
    const inTable = await readTableFrame(tableAt(app, place), { frameNumber, frameCount, tableBytes: sizeBytes })
    const ranges = inTable.ranges.map((range) => blobRangeOf(range, { frames, file }))
    return { ranges, checksum: inTable.checksum }
  } catch (error) {
    const isDamaged = error instanceof DamagedFrameTable || error instanceof DamagedBlob
    throw isDamaged ? damaged(app, { imageFrameId, place }) : error
  }
}

const tableAt = (app: App, { blobKey, start }: BlobRange): ByteSource => ({
  read: ({ offsetBytes, lengthBytes }) => readRange(app, { blobKey, start: start + offsetBytes, length: lengthBytes }),
})

const blobRangeOf = (
  { in: source, offsetBytes, lengthBytes: length }: TableFrame['ranges'][number],
  { frames, file }: Pick<PlacedFrame, 'frames' | 'file'>,
): BlobRange =>
  source === 'blob'
    ? { blobKey: frames.blobKey, start: offsetBytes, length }
    : { blobKey: file.blobKey, start: file.offsetBytes + offsetBytes, length }

/** Logged as an alarm: only the operator can restore the blob from a backup. */
function damaged(app: App, { imageFrameId, place }: { imageFrameId: string; place: BlobRange }): ContractError {
  const { blobKey, start: offsetBytes, length: sizeBytes } = place
  app.log.error(
    { imageFrameId, blobKey, offsetBytes, sizeBytes },
    'ALARM: the stored bytes of an image frame are damaged',
  )
  return new ContractError(
    'InternalServerException',
    'The stored bytes of this image frame are damaged. The server log names the blob to restore',
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
