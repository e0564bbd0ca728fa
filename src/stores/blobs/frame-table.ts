/**
 * Where each frame of an instance lies, as a table of bytes: kept beside the frames, and read a record at a time, for an instance may
 * have a million of them.
 *
 * A record has 20 bytes, little endian: whose bytes (0 the blob, 1 the instance's file), offset and length, as doubles, which are exact
 * to 2^53. There is one for each range, frame after frame; a frame without bytes has one of no length. Where some frame has several
 * ranges, an index stands before them: of each frame, and of the end, the number of its first record, in four bytes. So the length of a
 * table tells whether there is one.
 */
import type { ByteSource } from '../../dicom/byte-source.ts'

export interface FrameRange {
  /** The blob that the table itself lies in, or the file of the instance, from its first byte. */
  readonly in: 'blob' | 'file'
  readonly offsetBytes: number
  readonly lengthBytes: number
}

const RECORD_BYTES = 20
const INDEX_BYTES = 4
const NOTHING: FrameRange = { in: 'blob', offsetBytes: 0, lengthBytes: 0 }

export function encodeFrameTable(rangesOfFrames: readonly (readonly FrameRange[])[]): Uint8Array {
  const frames = rangesOfFrames.map((ranges) => (ranges.length === 0 ? [NOTHING] : ranges))
  const hasIndex = frames.some((ranges) => ranges.length > 1)
  const records = frames.reduce((sum, ranges) => sum + ranges.length, 0)
  const indexBytes = hasIndex ? (frames.length + 1) * INDEX_BYTES : 0
  const table = new DataView(new ArrayBuffer(indexBytes + records * RECORD_BYTES))
  let record = 0
  for (const [index, ranges] of frames.entries()) {
    if (hasIndex) table.setUint32(index * INDEX_BYTES, record, true)
    for (const range of ranges) {
      const at = indexBytes + record++ * RECORD_BYTES
      table.setUint32(at, range.in === 'file' ? 1 : 0, true)
      table.setFloat64(at + 4, range.offsetBytes, true)
      table.setFloat64(at + 12, range.lengthBytes, true)
    }
  }
  if (hasIndex) table.setUint32(frames.length * INDEX_BYTES, record, true)
  return new Uint8Array(table.buffer)
}

interface TableSize {
  readonly frameCount: number
  readonly tableBytes: number
}

/** Behind the index, where there is one. */
const recordsStart = ({ frameCount, tableBytes }: TableSize): number =>
  tableBytes === frameCount * RECORD_BYTES ? 0 : (frameCount + 1) * INDEX_BYTES

/** All ranges of a table that is held whole, frame after frame. */
export function* rangesOfTable(table: Uint8Array, frameCount: number): Generator<FrameRange> {
  const view = viewOf(table)
  const start = recordsStart({ frameCount, tableBytes: table.length })
  for (let at = start; at < table.length; at += RECORD_BYTES) yield rangeAt(view, at)
}

/** The table of the same frames in a blob in which they lie elsewhere. It is as long as before. */
export function movedFrameTable(
  table: Uint8Array,
  frameCount: number,
  movedOffset: (range: FrameRange) => number,
): Uint8Array {
  const moved = new Uint8Array(table)
  const view = viewOf(moved)
  let at = recordsStart({ frameCount, tableBytes: table.length })
  for (const range of rangesOfTable(table, frameCount)) {
    if (range.in === 'blob' && range.lengthBytes > 0) view.setFloat64(at + 4, movedOffset(range), true)
    at += RECORD_BYTES
  }
  return moved
}

/** @param frameNumber from 1, at most `frameCount` */
export async function readFrameRanges(
  table: ByteSource,
  frame: TableSize & { readonly frameNumber: number },
): Promise<readonly FrameRange[]> {
  const { frameNumber } = frame
  let records = { from: frameNumber - 1, to: frameNumber }
  const recordsFrom = recordsStart(frame)
  if (recordsFrom > 0) {
    const index = viewOf(
      await table.read({ offsetBytes: (frameNumber - 1) * INDEX_BYTES, lengthBytes: 2 * INDEX_BYTES }),
    )
    records = { from: index.getUint32(0, true), to: index.getUint32(INDEX_BYTES, true) }
  }
  const view = viewOf(
    await table.read({
      offsetBytes: recordsFrom + records.from * RECORD_BYTES,
      lengthBytes: (records.to - records.from) * RECORD_BYTES,
    }),
  )
  return Array.from({ length: records.to - records.from }, (_, index) => rangeAt(view, index * RECORD_BYTES))
}

const rangeAt = (view: DataView, at: number): FrameRange => ({
  in: view.getUint32(at, true) === 1 ? 'file' : 'blob',
  offsetBytes: view.getFloat64(at + 4, true),
  lengthBytes: view.getFloat64(at + 12, true),
})

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array) => new DataView(buffer, byteOffset, byteLength)
