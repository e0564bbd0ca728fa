/** Writes the frames of an instance into its file: fetches, decodes, verifies and appends them in order. */
import { crc32 } from 'node:zlib'
import {
  basicOffsetTable,
  extendedTable,
  itemHeader,
  pixelElementHeader,
  SEQUENCE_DELIMITER,
} from '../../dicom/pixel-data-parts.ts'
import type { ImageFrame } from '../../imaging/documents/metadata.ts'
import { frameBytes, type ImagePixel } from '../../pixel-data/element/image-pixel.ts'
import type { PixelsInFile } from '../../pixel-data/frames-in-file.ts'
import { parseCodestream } from '../../pixel-data/jpeg2000/codestream.ts'
import { findCodestream } from '../../pixel-data/jpeg2000/jp2-boxes.ts'
import { packBits, unpackNativeFrame } from '../../pixel-data/native/native-pixels.ts'
import { type FrameThreads, frameInMemory } from '../../pixel-data/threads/frame-threads.ts'
import type { DraftFile } from './draft-file.ts'
import { bytesOf } from './export-source.ts'

/** An instance cannot be exported. The message names no values of the patient. */
export class NotExported extends Error {
  override readonly name = 'NotExported'
}

export interface FramesToWrite {
  readonly frames: readonly ImageFrame[]
  readonly pixel: ImagePixel
  readonly plan: PixelsInFile
  readonly threads: Pick<FrameThreads, 'transcode'>
  /** The bytes of a frame as the API returns them. */
  open(frame: ImageFrame): AsyncIterable<Uint8Array>
}

/** Frames of one instance that are fetched and decoded ahead of the one that is written, and the limit on their bytes. */
const FRAMES_AHEAD = 4
const BYTES_AHEAD = 64 * 1024 ** 2

/** The largest even length below the reserved values. */
const LENGTH_MAX = 0xffff_fffe - 2
const ITEM_HEADER_BYTES = 8
/** An element with a 32-bit length in explicit VR. */
const ELEMENT_HEADER_BYTES = 12

/** The frames as one uncompressed value. @throws NotExported */
export async function writeNative(draft: DraftFile, writing: FramesToWrite): Promise<void> {
  const { pixel, plan, frames } = writing
  const isPacked = pixel.bitsAllocated === 1
  const frameLength = frameBytes(pixel)
  const lengthBytes = isPacked ? Math.ceil((frameLength * frames.length) / 8) : frameLength * frames.length
  if (lengthBytes > LENGTH_MAX) {
    throw new NotExported('its uncompressed pixel data is more than the 4 GiB that a file can hold: use --compressed')
  }
  await draft.append(pixelElementHeader(plan.tag, plan.vr, lengthBytes + (lengthBytes % 2)))
  const packer = packBits()
  for await (const cells of inOrder(frames, { writing, work: (frame, number) => cellsOf(frame, number, writing) })) {
    await draft.append(isPacked ? packer.add(cells) : cells)
  }
  await draft.append(packer.end())
  if (lengthBytes % 2 === 1) await draft.append(Uint8Array.of(0))
}

async function cellsOf(frame: ImageFrame, number: number, writing: FramesToWrite): Promise<Uint8Array> {
  const { plan, pixel } = writing
  const bytes = await fetched(frame, writing)
  if (plan.form === 'unpacked') return decoded(bytes, { frame, number, writing })
  check(crc32(bytes), frame, number)
  const byPixel = { ...pixel, isPlanar: false }
  const cells = plan.form === 'bits' ? unpackNativeFrame(bytes, byPixel, { firstBit: 0, littleEndian: true }) : bytes
  if (cells.length !== frameBytes(pixel))
    throw new NotExported(`the length of frame ${number} does not match its rows and columns`)
  return cells
}

interface FrameToDecode {
  readonly frame: ImageFrame
  readonly number: number
  readonly writing: FramesToWrite
}

async function decoded(bytes: Uint8Array, { frame, number, writing }: FrameToDecode): Promise<Uint8Array> {
  const { plan, pixel, threads } = writing
  const toDecode = { bytes, transferSyntaxUID: plan.codestreamSyntaxUID, pixel, firstBit: 0, littleEndian: true }
  const outcome = await threads.transcode(frameInMemory({ ...toDecode, format: 'native', isFloat: false }))
  if (outcome.kind === 'broken') throw new NotExported(`frame ${number} cannot be decoded: ${outcome.reason}`)
  check(outcome.frame.checksum, frame, number)
  return outcome.frame.bytes
}

function check(checksum: number, frame: ImageFrame, number: number): void {
  const expected = frame.PixelDataChecksumFromBaseToFullResolution.at(-1)?.Checksum
  if (expected === undefined) throw new NotExported(`the metadata document has no checksum of frame ${number}`)
  if (checksum !== expected) {
    throw new NotExported(`the pixels of frame ${number} do not match the checksum in the metadata document`)
  }
}

/** No codec doubles the size of a frame; more bytes than this are not a frame. */
export const fetchedBytesMax = (pixel: ImagePixel): number => 2 * frameBytes(pixel) + 64 * 1024

const fetched = (frame: ImageFrame, { pixel, open }: FramesToWrite): Promise<Uint8Array> =>
  bytesOf(open(frame), fetchedBytesMax(pixel))

/**
 * Whether offsets of frames may exceed 32 bits: then the file has the extended offset tables, whose space `emptyExtendedTables` reserves before
 * the pixel data (PS3.3 C.7.6.3.1.8).
 */
export const needsExtendedTables = ({ frames, plan }: Pick<FramesToWrite, 'frames' | 'plan'>): boolean =>
  plan.form !== 'video' &&
  frames.reduce((sum, { FrameSizeInBytes }) => sum + FrameSizeInBytes + 1 + ITEM_HEADER_BYTES, 0) > LENGTH_MAX

export function emptyExtendedTables(frames: number) {
  const table = { vr: 'OV', value: new Uint8Array(8 * frames) }
  return { '7FE00001': table, '7FE00002': table }
}

/** The frames as items, each one fragment (PS3.5 A.4). @throws NotExported */
export async function writeEncapsulated(
  draft: DraftFile,
  writing: FramesToWrite,
  { isExtended }: { readonly isExtended: boolean },
): Promise<void> {
  const { frames, plan } = writing
  const beginOfElement = draft.sizeBytes
  const hasTable = !isExtended && plan.form !== 'video'
  const emptyTable = new Uint8Array(hasTable ? 4 * frames.length : 0)
  await draft.append(pixelElementHeader(plan.tag, plan.vr, undefined))
  await draft.append(itemHeader(emptyTable.length))
  const tableAt = draft.sizeBytes
  await draft.append(emptyTable)
  const itemsAt = draft.sizeBytes
  const offsets: number[] = []
  const lengths: number[] = []
  for await (const content of fragments(writing)) {
    const itemAt = draft.sizeBytes
    offsets.push(itemAt - itemsAt)
    await draft.append(itemHeader(0))
    for await (const chunk of content) await draft.append(chunk)
    const lengthBytes = draft.sizeBytes - itemAt - ITEM_HEADER_BYTES
    lengths.push(lengthBytes)
    if (lengthBytes % 2 === 1) await draft.append(Uint8Array.of(0))
    if (lengthBytes > LENGTH_MAX || (hasTable && offsets.at(-1)! > LENGTH_MAX)) {
      throw new NotExported('its frames are larger than a file can hold')
    }
    await draft.replace(itemAt, itemHeader(lengthBytes + (lengthBytes % 2)))
  }
  await draft.append(SEQUENCE_DELIMITER)
  if (hasTable) await draft.replace(tableAt, basicOffsetTable(offsets))
  if (!isExtended) return
  const tableBytes = 8 * frames.length
  await draft.replace(beginOfElement - tableBytes, extendedTable(lengths))
  await draft.replace(beginOfElement - 2 * tableBytes - ELEMENT_HEADER_BYTES, extendedTable(offsets))
}

/** Codestreams are held in memory, since they are decoded for verification. Frames in their original syntax, such as video, are streamed. */
async function* fragments(writing: FramesToWrite): AsyncGenerator<AsyncIterable<Uint8Array> | [Uint8Array]> {
  const { frames, plan, open } = writing
  if (plan.form !== 'codestream') {
    for (const [index, frame] of frames.entries()) yield checkedChunks(open(frame), { frame, number: index + 1 })
    return
  }
  const work = async (frame: ImageFrame, number: number) => {
    const bytes = await fetched(frame, writing)
    await decoded(bytes, { frame, number, writing })
    return codestreamIn(bytes)
  }
  for await (const codestream of inOrder(frames, { writing, work })) yield [codestream]
}

/** The codestream without its file format, and without bytes after its end. @throws DicomError */
function codestreamIn(bytes: Uint8Array): Uint8Array {
  const { start, end } = findCodestream(bytes)
  const codestream = bytes.subarray(start, end)
  parseCodestream(codestream)
  return codestream
}

async function* checkedChunks(
  chunks: AsyncIterable<Uint8Array>,
  { frame, number }: { readonly frame: ImageFrame; readonly number: number },
): AsyncGenerator<Uint8Array> {
  let checksum = 0
  for await (const chunk of chunks) {
    checksum = crc32(chunk, checksum)
    yield chunk
  }
  check(checksum, frame, number)
}

interface Ahead<Result> {
  readonly writing: FramesToWrite
  readonly work: (frame: ImageFrame, number: number) => Promise<Result>
}

/** Yields the results in the order of the frames, working a few frames ahead. */
async function* inOrder<Result>(
  frames: readonly ImageFrame[],
  { writing, work }: Ahead<Result>,
): AsyncGenerator<Result> {
  const ahead = Math.min(FRAMES_AHEAD, Math.floor(BYTES_AHEAD / frameBytes(writing.pixel)))
  const inFlight: Promise<Result>[] = []
  try {
    for (const [index, frame] of frames.entries()) {
      const result = work(frame, index + 1)
      // A failure is thrown when the result is awaited below.
      result.catch(() => {})
      inFlight.push(result)
      if (inFlight.length > ahead) yield await inFlight.shift()!
    }
    for (const result of inFlight) yield await result
  } finally {
    await Promise.allSettled(inFlight)
  }
}
