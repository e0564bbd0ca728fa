/**
 * Indexes the items of encapsulated pixel data (PS3.5 A.4): the basic offset table and the place of each fragment. Bytes are pushed in
 * chunks of any size, so that a file can be indexed while it is copied. Of each fragment only its place and first four bytes are kept; the
 * latter show where frames begin if there is no offset table.
 */
import { DicomError } from './dicom-error.ts'

/** The most fragments of one file: each takes some 24 bytes of memory. */
const FRAGMENTS_MAX = 4_000_000
/** The most bytes of a basic offset table: four for each possible frame. */
const BASIC_OFFSET_TABLE_BYTES_MAX = 4_000_000

export interface PixelItems {
  /** The value of the first item; empty where the file has no offsets. */
  readonly basicOffsetTable: Uint8Array
  /** The offset of each fragment's item header. Offset tables count from the first of them. */
  readonly itemOffsets: readonly number[]
  /** The length of each fragment, without its header of eight bytes. */
  readonly lengths: readonly number[]
  /** The first four bytes of each fragment, big endian; padded with zeros. */
  readonly beginnings: readonly number[]
}

export const ITEM_HEADER_BYTES = 8
const BEGINNING_BYTES = 4
const DELIMITER = Uint8Array.of(0xfe, 0xff, 0xdd, 0xe0, 0, 0, 0, 0)

/** Whether the bytes, possibly none, are the beginning of a sequence delimiter. */
export const isDelimiterBeginning = (bytes: Uint8Array): boolean =>
  bytes.length <= DELIMITER.length && bytes.every((byte, index) => byte === DELIMITER[index])

export class PixelItemScan implements PixelItems {
  /** The offset after the sequence delimiter, once it was read: the pixel data is complete. Without a delimiter, the end of the file. */
  endsAt: number | undefined
  basicOffsetTable = new Uint8Array(0)
  readonly itemOffsets: number[] = []
  readonly lengths: number[] = []
  readonly beginnings: number[] = []

  /** What `#small` buffers: an item header, the offset table, or the beginning of a fragment. */
  #gathering: 'header' | 'table' | 'beginning' = 'header'
  #small = new Uint8Array(ITEM_HEADER_BYTES)
  #smallFilled = 0
  #toSkip: number
  /** The rest of a fragment after its beginning. */
  #rest = 0
  #position: number
  #itemOffset = 0
  #hasTable = false

  /**
   * @param start.offsetBytes the offset at which the value of the pixel data begins
   * @param start.skipBytes how many of the pushed bytes precede it
   */
  constructor(start: { readonly offsetBytes: number; readonly skipBytes: number }) {
    this.#toSkip = start.skipBytes
    this.#position = start.offsetBytes - start.skipBytes
  }

  /** @throws DicomError where the bytes are not items, or there are too many */
  take(chunk: Uint8Array): void {
    let at = 0
    while (at < chunk.length && this.endsAt === undefined) {
      if (this.#toSkip > 0) {
        const skipped = Math.min(this.#toSkip, chunk.length - at)
        this.#toSkip -= skipped
        at += skipped
        continue
      }
      const wanted = Math.min(this.#small.length - this.#smallFilled, chunk.length - at)
      this.#small.set(chunk.subarray(at, at + wanted), this.#smallFilled)
      this.#smallFilled += wanted
      at += wanted
      if (this.#smallFilled === this.#small.length) this.#coalesced(this.#position + at)
    }
    this.#position += chunk.length
  }

  /**
   * Call it when there are no more bytes.
   * @returns whether there was a delimiter; without it, the last fragment is still complete
   * @throws DicomError where the bytes end inside a fragment
   */
  finish(): boolean {
    if (this.endsAt !== undefined) return true
    const isBehindFragment = this.#gathering === 'header' && this.#toSkip === 0 && this.lengths.length > 0
    if (!isBehindFragment || !isDelimiterBeginning(this.#small.subarray(0, this.#smallFilled))) {
      throw endsInside(this.#position)
    }
    this.endsAt = this.#position
    return false
  }

  #coalesced(position: number): void {
    if (this.#gathering === 'header') {
      this.#readHeader(position - ITEM_HEADER_BYTES)
    } else {
      if (this.#gathering === 'table') this.basicOffsetTable = this.#small
      else this.beginnings.push(new DataView(this.#small.buffer).getUint32(0))
      this.#toSkip = this.#rest
      this.#gather('header', ITEM_HEADER_BYTES)
    }
  }

  #gather(what: 'header' | 'table' | 'beginning', lengthBytes: number): void {
    this.#gathering = what
    this.#small = new Uint8Array(lengthBytes)
    this.#smallFilled = 0
  }

  #readHeader(offsetBytes: number): void {
    const header = new DataView(this.#small.buffer)
    const tag = header.getUint32(0, true)
    const length = header.getUint32(4, true)
    this.#itemOffset = offsetBytes
    this.#rest = 0
    this.#gather('header', ITEM_HEADER_BYTES)
    if (tag === 0xe0ddfffe) {
      this.endsAt = offsetBytes + ITEM_HEADER_BYTES
      return
    }
    if (tag !== 0xe000fffe || length === 0xffffffff) {
      throw this.#fault('A fragment of the pixel data does not begin with an item')
    }
    if (!this.#hasTable) this.#beginTable(length)
    else this.#beginFragment(length)
  }

  #beginTable(length: number): void {
    if (length > BASIC_OFFSET_TABLE_BYTES_MAX) throw this.#fault('The basic offset table is too long')
    this.#hasTable = true
    if (length > 0) this.#gather('table', length)
  }

  #beginFragment(length: number): void {
    if (this.lengths.length >= FRAGMENTS_MAX) throw this.#fault('The pixel data has too many fragments')
    this.itemOffsets.push(this.#itemOffset)
    this.lengths.push(length)
    if (length < BEGINNING_BYTES) {
      this.beginnings.push(0)
      this.#toSkip = length
    } else {
      this.#rest = length - BEGINNING_BYTES
      this.#gather('beginning', BEGINNING_BYTES)
    }
  }

  #fault(reason: string): DicomError {
    return new DicomError({ reason, tag: '7FE00010', offsetBytes: this.#itemOffset })
  }
}

/**
 * The items of pixel data in memory.
 * @throws DicomError where the bytes are not items, or end inside one
 */
export function scanPixelItems(bytes: Uint8Array, offsetBytes: number): PixelItems {
  const walk = new PixelItemScan({ offsetBytes, skipBytes: offsetBytes })
  walk.take(bytes)
  walk.finish()
  return walk
}

export const endsInside = (offsetBytes: number): DicomError =>
  new DicomError({ reason: 'The file ends inside the pixel data', tag: '7FE00010', offsetBytes })
