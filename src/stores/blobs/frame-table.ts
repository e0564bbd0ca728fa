/**
 * The frame table: the place and checksum of each frame of an instance, stored beside the frames. One frame is looked up without reading the
 * whole table, because an instance can have a million frames.
 *
 * The table has a record of 24 bytes for each range, frame after frame, little endian: what contains the range (uint32; 0: the blob, 1: the
 * file of the instance), the checksum of the frame (uint32), offset and length (float64, exact up to 2^53). A frame without bytes has one
 * record of length 0. If a frame has several ranges, an index precedes the records: for each frame, and for the end, the number of its first
 * record (uint32). The length of the table shows whether there is an index.
 */
import type { ByteSource } from '../../dicom/byte-source.ts'

export interface FrameRange {
  /** What the offset counts in: the blob of the table, or the file of the instance. */
  readonly in: 'blob' | 'file'
  readonly offsetBytes: number
  readonly lengthBytes: number
}

export interface TableFrame {
  readonly ranges: readonly FrameRange[]
  /** Of the bytes of all ranges (pixel-data/checksum/stored-checksum.ts). */
  readonly checksum: number
}

/** The table has content that encodeFrameTable never writes. */
export class DamagedFrameTable extends Error {
  override readonly name = 'DamagedFrameTable'
}

const RECORD_BYTES = 24
const INDEX_BYTES = 4
const CONTAINERS: readonly FrameRange['in'][] = ['blob', 'file']
const EMPTY_RANGE: FrameRange = { in: 'blob', offsetBytes: 0, lengthBytes: 0 }

export function encodeFrameTable(tableFrames: readonly TableFrame[]): Uint8Array {
  const frames = tableFrames.map((frame) => (frame.ranges.length === 0 ? { ...frame, ranges: [EMPTY_RANGE] } : frame))
  const hasIndex = frames.some(({ ranges }) => ranges.length > 1)
  const records = frames.reduce((sum, { ranges }) => sum + ranges.length, 0)
  const indexBytes = hasIndex ? (frames.length + 1) * INDEX_BYTES : 0
  const table = new DataView(new ArrayBuffer(indexBytes + records * RECORD_BYTES))
  let record = 0
  for (const [index, { ranges, checksum }] of frames.entries()) {
    if (hasIndex) table.setUint32(index * INDEX_BYTES, record, true)
    for (const range of ranges) {
      const at = indexBytes + record++ * RECORD_BYTES
      table.setUint32(at, CONTAINERS.indexOf(range.in), true)
      table.setUint32(at + 4, checksum, true)
      table.setFloat64(at + 8, range.offsetBytes, true)
      table.setFloat64(at + 16, range.lengthBytes, true)
    }
  }
  if (hasIndex) table.setUint32(frames.length * INDEX_BYTES, record, true)
  return new Uint8Array(table.buffer)
}

interface TableSize {
  readonly frameCount: number
  readonly tableBytes: number
}

/** After the index, if there is one. */
const recordsStart = ({ frameCount, tableBytes }: TableSize): number =>
  tableBytes === frameCount * RECORD_BYTES ? 0 : (frameCount + 1) * INDEX_BYTES

/** All ranges of a table in memory, frame after frame. */
export function* rangesOfTable(table: Uint8Array, frameCount: number): Generator<FrameRange> {
  const view = viewOf(table)
  const start = recordsStart({ frameCount, tableBytes: table.length })
  for (let at = start; at < table.length; at += RECORD_BYTES) yield rangeAt(view, at)
}

/** All frames of a table in memory, in order. @throws DamagedFrameTable */
export function* framesOfTable(table: Uint8Array, frameCount: number): Generator<TableFrame> {
  const view = viewOf(table)
  const start = recordsStart({ frameCount, tableBytes: table.length })
  for (let index = 0; index < frameCount; index++) {
    const [from, to] =
      start === 0 ? [index, index + 1] : [index, index + 1].map((at) => view.getUint32(at * INDEX_BYTES, true))
    yield frameAt(view, { start, from: from!, to: to! })
  }
}

/** The table after its frames were moved to another blob. Its length does not change. */
export function movedFrameTable(
  table: Uint8Array,
  frameCount: number,
  movedOffset: (range: FrameRange) => number,
): Uint8Array {
  const moved = new Uint8Array(table)
  const view = viewOf(moved)
  let at = recordsStart({ frameCount, tableBytes: table.length })
  for (const range of rangesOfTable(table, frameCount)) {
    if (range.in === 'blob' && range.lengthBytes > 0) view.setFloat64(at + 8, movedOffset(range), true)
    at += RECORD_BYTES
  }
  return moved
}

/** @param frame.frameNumber from 1 to `frameCount`. @throws DamagedFrameTable, and the error of the source */
export async function readTableFrame(
  table: ByteSource,
  frame: TableSize & { readonly frameNumber: number },
): Promise<TableFrame> {
  const { frameNumber, tableBytes } = frame
  let records = { from: frameNumber - 1, to: frameNumber }
  const recordsFrom = recordsStart(frame)
  if (recordsFrom > 0) {
    const index = viewOf(
      await table.read({ offsetBytes: (frameNumber - 1) * INDEX_BYTES, lengthBytes: 2 * INDEX_BYTES }),
    )
    records = { from: index.getUint32(0, true), to: index.getUint32(INDEX_BYTES, true) }
  }
  checkRecords({ start: recordsFrom, ...records }, tableBytes)
  const view = viewOf(
    await table.read({
      offsetBytes: recordsFrom + records.from * RECORD_BYTES,
      lengthBytes: (records.to - records.from) * RECORD_BYTES,
    }),
  )
  return frameAt(view, { start: 0, from: 0, to: records.to - records.from })
}

/** Records `from` to `to - 1` of those that begin at `start`. */
interface Records {
  readonly start: number
  readonly from: number
  readonly to: number
}

function checkRecords({ start, from, to }: Records, tableBytes: number): void {
  if (to <= from || start + to * RECORD_BYTES > tableBytes) {
    throw new DamagedFrameTable('a frame has no records in its table')
  }
}

function frameAt(view: DataView, records: Records): TableFrame {
  checkRecords(records, view.byteLength)
  const { start, from, to } = records
  const at = start + from * RECORD_BYTES
  const ranges = Array.from({ length: to - from }, (_, index) => rangeAt(view, at + index * RECORD_BYTES))
  return { ranges, checksum: view.getUint32(at + 4, true) }
}

function rangeAt(view: DataView, at: number): FrameRange {
  const container = CONTAINERS[view.getUint32(at, true)]
  const [offsetBytes, lengthBytes] = [view.getFloat64(at + 8, true), view.getFloat64(at + 16, true)]
  const isPlace = offsetBytes >= 0 && lengthBytes >= 0 && [offsetBytes, lengthBytes].every(Number.isSafeInteger)
  if (container === undefined || !isPlace) throw new DamagedFrameTable('a record of a frame table is invalid')
  return { in: container, offsetBytes, lengthBytes }
}

const viewOf = ({ buffer, byteOffset, byteLength }: Uint8Array) => new DataView(buffer, byteOffset, byteLength)
