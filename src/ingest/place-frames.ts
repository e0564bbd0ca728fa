/**
 * Where the frames of an instance are found once their bytes have a place in a blob. One frame in one range is recorded directly. All other
 * frames have a frame table, which is stored after their bytes.
 */
import { encodeFrameTable, type FrameRange, type TableFrame } from '../stores/blobs/frame-table.ts'
import type { FramesRange } from '../stores/catalog/image-set-records.ts'

interface FrameBytes {
  /** Ranges in the blob count from `startBytes`, ranges in the file from the beginning of the file. */
  readonly frames: readonly TableFrame[]
  readonly blobKey: string
  /** The offsets in the blob of the first byte of the frames, and after the last. */
  readonly startBytes: number
  readonly endBytes: number
  /** Where the file of the instance is; undefined if no frame is a range of it. */
  readonly file: Pick<FramesRange, 'blobKey' | 'offsetBytes'> | undefined
}

/** Distributes over the two kinds of places. */
type WithoutSummary<P> = P extends FramesRange ? Omit<P, 'framesKey' | 'frameCount' | 'storedTransferSyntaxUID'> : never

interface PlacedFrames {
  readonly place: WithoutSummary<FramesRange>
  /** To be stored at `endBytes` of the blob. */
  readonly table: Uint8Array | undefined
}

export function placeFrames({ frames, blobKey, startBytes, endBytes, file }: FrameBytes): PlacedFrames {
  const [first] = frames
  const only = frames.length === 1 && first!.ranges.length === 1 ? first!.ranges[0] : undefined
  if (only !== undefined) {
    const start = only.in === 'file' ? file! : { blobKey, offsetBytes: startBytes }
    return {
      place: {
        blobKey: start.blobKey,
        offsetBytes: start.offsetBytes + only.offsetBytes,
        sizeBytes: only.lengthBytes,
        holds: 'frame',
        checksum: first!.checksum,
      },
      table: undefined,
    }
  }
  const moved = (range: FrameRange) =>
    range.in === 'blob' ? { ...range, offsetBytes: startBytes + range.offsetBytes } : range
  const table = encodeFrameTable(frames.map((frame) => ({ ...frame, ranges: frame.ranges.map(moved) })))
  return { place: { blobKey, offsetBytes: endBytes, sizeBytes: table.length, holds: 'table' }, table }
}
