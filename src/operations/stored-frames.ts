/** Where the bytes of stored frames are, and their checksums. */
import type { App } from '../app.ts'
import { ContractError } from '../contract/errors.ts'
import type { ByteSource } from '../dicom/byte-source.ts'
import { DamagedBlob } from '../stores/blobs/blob-store.ts'
import { DamagedFrameTable, framesOfTable, readTableFrame, type TableFrame } from '../stores/blobs/frame-table.ts'
import { imageFrameIdOf } from '../stores/blobs/image-frame-id.ts'
import type { FramesRange, InstanceFile } from '../stores/catalog/image-set-records.ts'
import { type BlobRange, type Expected, readRange } from './blob-ranges.ts'

export interface FramesOfInstance {
  readonly frames: FramesRange
  readonly file: InstanceFile
}

export interface StoredFrame {
  readonly frameNumber: number
  readonly ranges: readonly BlobRange[]
  readonly expected: Expected
}

/** @throws ContractError InternalServerException if the table is damaged */
export async function storedFrame(app: App, of: FramesOfInstance, frameNumber: number): Promise<StoredFrame> {
  const { frames } = of
  const place = placeOf(frames)
  if (frames.holds === 'frame') return frameAt(app, of, { frameNumber, ranges: [place], checksum: frames.checksum })
  const { frameCount, sizeBytes: tableBytes } = frames
  const inTable = await orDamagedTable(app, of, frameNumber, () =>
    readTableFrame(tableAt(app, place), { frameNumber, frameCount, tableBytes }),
  )
  return frameAt(app, of, { frameNumber, ...rangesOf(inTable, of) })
}

/** All frames of an instance, in order. @throws ContractError InternalServerException if the table is damaged */
export async function storedFrames(app: App, of: FramesOfInstance): Promise<readonly StoredFrame[]> {
  const { frames } = of
  if (frames.holds === 'frame') return [await storedFrame(app, of, 1)]
  const table = await orDamagedTable(app, of, 1, async () => {
    const bytes = await readRange(app, placeOf(frames))
    return [...framesOfTable(bytes, frames.frameCount)]
  })
  return table.map((frame, index) => frameAt(app, of, { frameNumber: index + 1, ...rangesOf(frame, of) }))
}

const placeOf = ({ blobKey, offsetBytes, sizeBytes }: FramesRange): BlobRange => ({
  ...{ blobKey, start: offsetBytes, length: sizeBytes },
})

function frameAt(
  app: App,
  { frames }: FramesOfInstance,
  found: { readonly frameNumber: number; readonly ranges: readonly BlobRange[]; readonly checksum: number },
): StoredFrame {
  const { frameNumber, ranges, checksum } = found
  const damaged = () => damagedFrame(app, { frames, frameNumber, place: ranges[0]! })
  return { frameNumber, ranges, expected: { number: frameNumber, checksum, damaged } }
}

async function orDamagedTable<T>(
  app: App,
  { frames }: FramesOfInstance,
  frameNumber: number,
  read: () => Promise<T>,
): Promise<T> {
  try {
    return await read()
  } catch (error) {
    const isDamaged = error instanceof DamagedFrameTable || error instanceof DamagedBlob
    throw isDamaged ? damagedFrame(app, { frames, frameNumber, place: placeOf(frames) }) : error
  }
}

const tableAt = (app: App, { blobKey, start }: BlobRange): ByteSource => ({
  read: ({ offsetBytes, lengthBytes }) => readRange(app, { blobKey, start: start + offsetBytes, length: lengthBytes }),
})

const rangesOf = ({ ranges, checksum }: TableFrame, { frames, file }: FramesOfInstance) => ({
  checksum,
  ranges: ranges.map(({ in: source, offsetBytes, lengthBytes: length }) =>
    source === 'blob'
      ? { blobKey: frames.blobKey, start: offsetBytes, length }
      : { blobKey: file.blobKey, start: file.offsetBytes + offsetBytes, length },
  ),
})

interface PlacedFrame {
  readonly frames: FramesRange
  readonly frameNumber: number
  readonly place: BlobRange
}

/** Logged as an alarm: only the operator can restore the blob from a backup. */
function damagedFrame(app: App, { frames, frameNumber, place }: PlacedFrame): ContractError {
  const { blobKey, start: offsetBytes, length: sizeBytes } = place
  const imageFrameId = imageFrameIdOf({ framesKey: frames.framesKey, frameNumber })
  app.log.error(
    { imageFrameId, blobKey, offsetBytes, sizeBytes },
    'ALARM: the stored bytes of an image frame are damaged',
  )
  return new ContractError(
    'InternalServerException',
    'The stored bytes of this image frame are damaged. The server log names the blob to restore',
  )
}
