/**
 * All frames of an instance, in order, each as what is to be stored of it. Frames are read a few at a time, decoded and encoded on all
 * threads, and come out one by one as they are asked for: neither the file nor its frames lie in memory whole.
 */
import { crc32 } from 'node:zlib'
import { type ByteRange, type ByteSource, readRanges } from '../dicom/byte-source.ts'
import { StoredChecksum, storedChecksum } from './checksum/stored-checksum.ts'
import type { FramePlace } from './element/frames.ts'
import { frameBytes } from './element/image-pixel.ts'
import { isVideoOf, VIDEO_BEGINNING_BYTES } from './element/video.ts'
import type { FramesToStore, FramesWarning } from './frame-plan.ts'
import { alignBits } from './native/native-pixels.ts'
import type { FrameThreads } from './threads/frame-threads.ts'

/** What a catalog has to know of a frame, and where its bytes are to be had. */
export interface StoredFrame {
  /** From 1, as DICOM counts. */
  readonly frameNumber: number
  readonly columns: number
  readonly rows: number
  /** CRC32 (IEEE) of the decoded pixels; of frames that are kept as they came, of their bytes. */
  readonly checksum: number
  /** Of the bytes as they are stored. */
  readonly storedChecksum: number
  readonly minPixelValue: number | null
  readonly maxPixelValue: number | null
  readonly sizeBytes: number
  readonly photometricInterpretation: string
  /** Bytes have memory of their own. */
  readonly content:
    | { readonly kind: 'bytes'; readonly bytes: Uint8Array<ArrayBuffer> }
    /** The frame is in the instance's file as it is, and need not be stored twice. */
    | { readonly kind: 'ranges'; readonly ranges: readonly ByteRange[] }
}

interface FrameSource {
  readonly source: ByteSource
  readonly threads: Omit<FrameThreads, 'stop'>
}

/** No frame of the instance is to be had, and those that came out before are to be dropped. */
export class FramesUnavailable extends Error {
  override readonly name = 'FramesUnavailable'
  readonly warning: FramesWarning

  constructor(warning: FramesWarning) {
    super(warning.message)
    this.warning = warning
  }
}

const READ_BYTES = 1024 ** 2

/** @throws FramesUnavailable, and what the source and stopped threads throw */
export function storedFrames(plan: FramesToStore, from: FrameSource): AsyncGenerator<StoredFrame, void, void> {
  return plan.disposition === 'transcoded' ? transcodeAll(plan, from) : keepAll(plan, from)
}

/** Whether its frames have bytes of their own; else they are ranges of the instance's file. */
export const areStoredApart = (plan: FramesToStore): boolean => plan.disposition === 'transcoded' || isInsideBytes(plan)

async function* transcodeAll(plan: FramesToStore, from: FrameSource): AsyncGenerator<StoredFrame, void, void> {
  const inFlight: Promise<StoredFrame>[] = []
  const most = Math.max(1, Math.floor(from.threads.pixelBytesAhead / frameBytes(plan.pixel)))
  const window = Math.min(2 * from.threads.size, most)
  let next = 0
  try {
    while (next < plan.cut.count || inFlight.length > 0) {
      while (next < plan.cut.count && inFlight.length < window) {
        const frame = transcodeOne(plan, from, next++)
        // It is asked for in its turn; until then nobody hears of its failure.
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

async function* keepAll(plan: FramesToStore, { source }: FrameSource): AsyncGenerator<StoredFrame, void, void> {
  const { pixel, cut, disposition } = plan
  const { columns, rows, photometricInterpretation } = pixel
  for (let index = 0; index < cut.count; index++) {
    const place = cut.place(index)
    if (disposition === 'video' && !(await beginsAsVideo(plan, { source, place }))) {
      const message = 'The video is not of the kind that its transfer syntax says'
      throw new FramesUnavailable({ type: 'TranscodingException', message })
    }
    const kept = isInsideBytes(plan)
      ? await keepBits(plan, { source, place, frameNumber: index + 1 })
      : await keepRanges({ source, place, frameNumber: index + 1 })
    yield {
      ...{ frameNumber: index + 1, columns, rows, photometricInterpretation, minPixelValue: null, maxPixelValue: null },
      ...kept,
    }
  }
}

/** Frames of single bits that do not fill whole bytes begin in the middle of one: they are cut out. */
const isInsideBytes = ({ pixel }: FramesToStore): boolean =>
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

interface SwappedFrame {
  readonly range: ByteRange
  readonly wordsFrom: number
  readonly memory: Uint8Array
}

/** Reads whole words, swaps their bytes, and cuts the frame out: it may begin and end in the middle of one. */
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
