/** The frames of an instance that are stored without transcoding: as ranges of its file, or with their bits aligned to bytes. */
import { crc32 } from 'node:zlib'
import type { ByteRange, ByteSource } from '../dicom/byte-source.ts'
import { StoredChecksum, storedChecksum } from './checksum/stored-checksum.ts'
import type { FramePlace } from './element/frames.ts'
import { isVideoOf, VIDEO_BEGINNING_BYTES } from './element/video.ts'
import type { FramesToStore } from './frame-plan.ts'
import { alignBits } from './native/native-pixels.ts'
import { FramesUnavailable, type StoredFrame } from './stored-frame.ts'

const READ_BYTES = 1024 ** 2

/** @throws FramesUnavailable, and the errors of the source */
export async function* keepFrames(plan: FramesToStore, source: ByteSource): AsyncGenerator<StoredFrame, void, void> {
  const { pixel, cut, disposition } = plan
  const { columns, rows, photometricInterpretation } = pixel
  for (let index = 0; index < cut.count; index++) {
    const place = cut.place(index)
    if (disposition === 'video' && !(await beginsAsVideo(plan, { source, place }))) {
      const message = 'The video is not of the kind that its transfer syntax declares'
      throw new FramesUnavailable({ type: 'TranscodingException', message })
    }
    const kept = isBitPacked(plan)
      ? await keepBits(plan, { source, place, frameNumber: index + 1 })
      : await keepRanges({ source, place, frameNumber: index + 1 })
    yield {
      ...{ frameNumber: index + 1, columns, rows, photometricInterpretation, minPixelValue: null, maxPixelValue: null },
      ...kept,
    }
  }
}

/** Whether frames of single bits can begin in the middle of a byte: their bits are extracted. */
export const isBitPacked = ({ pixel }: FramesToStore): boolean =>
  pixel.bitsAllocated === 1 && (pixel.rows * pixel.columns * pixel.samplesPerPixel) % 8 !== 0

interface Placed {
  readonly source: ByteSource
  readonly place: FramePlace
}

interface Kept extends Placed {
  readonly frameNumber: number
}

async function keepBits({ pixel }: FramesToStore, { source, place, frameNumber }: Kept) {
  const bytes = alignBits(await readAll(source, place), pixel, place.firstBit)
  return {
    ...{ checksum: crc32(bytes), storedChecksum: storedChecksum(frameNumber, bytes), sizeBytes: bytes.length },
    content: { kind: 'bytes' as const, bytes },
  }
}

async function keepRanges({ source, place: { ranges }, frameNumber }: Kept) {
  const stored = new StoredChecksum(frameNumber)
  let checksum = 0
  let sizeBytes = 0
  for (const range of ranges) {
    for (let read = 0; read < range.lengthBytes; read += READ_BYTES) {
      const lengthBytes = Math.min(READ_BYTES, range.lengthBytes - read)
      const bytes = await source.read({ offsetBytes: range.offsetBytes + read, lengthBytes })
      checksum = crc32(bytes, checksum)
      stored.add(bytes)
    }
    sizeBytes += range.lengthBytes
  }
  return { checksum, storedChecksum: stored.end(), sizeBytes, content: { kind: 'ranges' as const, ranges } }
}

async function beginsAsVideo({ transferSyntaxUID }: FramesToStore, { source, place }: Placed): Promise<boolean> {
  const ranges: ByteRange[] = []
  let left = VIDEO_BEGINNING_BYTES
  for (const { offsetBytes, lengthBytes } of place.ranges) {
    if (left === 0) break
    ranges.push({ offsetBytes, lengthBytes: Math.min(lengthBytes, left) })
    left -= ranges.at(-1)!.lengthBytes
  }
  return isVideoOf(transferSyntaxUID, await readAll(source, { ranges }))
}

async function readAll(source: ByteSource, { ranges }: Pick<FramePlace, 'ranges'>): Promise<Uint8Array> {
  if (ranges.length === 1) return source.read(ranges[0]!)
  return Buffer.concat(await Promise.all(ranges.map((range) => source.read(range))))
}
