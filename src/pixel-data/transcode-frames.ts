/** Decodes and encodes the frames of an instance on all threads, some frames ahead, in order. */
import { type ByteRange, type ByteSource, readRanges } from '../dicom/byte-source.ts'
import { storedChecksum } from './checksum/stored-checksum.ts'
import { frameBytes } from './element/image-pixel.ts'
import type { FramesToStore } from './frame-plan.ts'
import { FramesUnavailable, type StoredFrame } from './stored-frame.ts'
import type { FrameThreads } from './threads/frame-threads.ts'

export interface FrameSource {
  /** The file of the instance. */
  readonly source: ByteSource
  readonly threads: Pick<FrameThreads, 'size' | 'pixelBytesAhead' | 'transcode'>
}

const READ_BYTES = 1024 ** 2

/** @throws FramesUnavailable, and the errors of the source and of stopped threads */
export async function* transcodeFrames(
  plan: FramesToStore,
  from: FrameSource,
): AsyncGenerator<StoredFrame, void, void> {
  const inFlight: Promise<StoredFrame>[] = []
  const fitting = Math.max(1, Math.floor(from.threads.pixelBytesAhead / frameBytes(plan.pixel)))
  const window = Math.min(2 * from.threads.size, fitting)
  let next = 0
  try {
    while (next < plan.cut.count || inFlight.length > 0) {
      while (next < plan.cut.count && inFlight.length < window) {
        const frame = transcodeOne(plan, from, next++)
        // Awaited when it is due; until then a rejection is not unhandled.
        frame.catch(() => {})
        inFlight.push(frame)
      }
      yield await inFlight.shift()!
    }
  } finally {
    await Promise.allSettled(inFlight)
  }
}

async function transcodeOne(plan: FramesToStore, from: FrameSource, index: number): Promise<StoredFrame> {
  const { source, threads } = from
  const { pixel, transferSyntaxUID, littleEndian, format, isFloat } = plan
  const place = plan.cut.place(index)
  const outcome = await threads.transcode({
    ...{ transferSyntaxUID, pixel, littleEndian, format, isFloat, firstBit: place.firstBit },
    sizeBytes: place.ranges.reduce((sum, { lengthBytes }) => sum + lengthBytes, 0),
    read: (memory) =>
      plan.wordsFrom === undefined
        ? readRanges(source, place.ranges, memory)
        : readSwapped(source, { range: place.ranges[0]!, wordsFrom: plan.wordsFrom, memory }),
  })
  if (outcome.kind === 'broken') {
    const message = `Frame ${index + 1} cannot be transcoded: ${outcome.reason}`
    throw new FramesUnavailable({ type: 'TranscodingException', message })
  }
  const { bytes: stored, ...frame } = outcome.frame
  return {
    ...{ ...frame, frameNumber: index + 1, columns: pixel.columns, rows: pixel.rows, sizeBytes: stored.length },
    storedChecksum: storedChecksum(index + 1, stored),
    content: { kind: 'bytes', bytes: stored },
  }
}

interface SwappedFrame {
  readonly range: ByteRange
  readonly wordsFrom: number
  readonly memory: Uint8Array
}

/** Reads whole words, swaps their bytes, and extracts the frame, which can begin and end in the middle of a word. */
async function readSwapped(source: ByteSource, { range, wordsFrom, memory }: SwappedFrame): Promise<void> {
  let skip = (range.offsetBytes - wordsFrom) % 2
  let offsetBytes = range.offsetBytes - skip
  for (let filled = 0; filled < memory.length; ) {
    const left = memory.length - filled
    const lengthBytes = Math.min(READ_BYTES, Math.ceil((skip + left) / 2) * 2)
    const words = Buffer.from(await source.read({ offsetBytes, lengthBytes })).swap16()
    const part = words.subarray(skip, skip + left)
    memory.set(part, filled)
    filled += part.length
    offsetBytes += lengthBytes
    skip = 0
  }
}
