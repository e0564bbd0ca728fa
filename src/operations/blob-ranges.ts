/** Reads ranges of blobs, in order, as the bytes of one reply. */
import type { App } from '../app.ts'
import type { Bytes } from '../contract/shapes.ts'
import { StoredChecksum, storedChecksum } from '../pixel-data/checksum/stored-checksum.ts'
import { DamagedBlob, type OpenBlob, readAll } from '../stores/blobs/blob-store.ts'

export interface BlobRange {
  readonly blobKey: string
  readonly start: number
  readonly length: number
}

type Stores = Pick<App, 'blobs'>

export const sizeOfRanges = (ranges: readonly BlobRange[]): number =>
  ranges.reduce((sum, { length }) => sum + length, 0)

export function beginningOfRanges(ranges: readonly BlobRange[], lengthBytes: number): readonly BlobRange[] {
  const beginning: BlobRange[] = []
  let left = lengthBytes
  for (const range of ranges) {
    if (left <= 0) break
    beginning.push({ ...range, length: Math.min(range.length, left) })
    left -= range.length
  }
  return beginning
}

/** A part of the bytes of all ranges. */
export function partOfRanges(
  ranges: readonly BlobRange[],
  { start, length }: { readonly start: number; readonly length: number },
): readonly BlobRange[] {
  const rest: BlobRange[] = []
  let skip = start
  for (const range of ranges) {
    const skipped = Math.min(skip, range.length)
    skip -= skipped
    if (skipped < range.length) rest.push({ ...range, start: range.start + skipped, length: range.length - skipped })
  }
  return beginningOfRanges(rest, length)
}

/** The expected checksum of the bytes of all ranges together. */
export interface Expected {
  /** The frame number; 0 for bytes that are not a frame. */
  readonly number: number
  readonly checksum: number
  /** Creates the error for a mismatch. */
  damaged(): Error
}

/**
 * Bytes that fit into a pooled buffer are read and verified before the reply begins. More bytes are streamed; a mismatch is known when all but
 * the last chunk is sent, and aborts the reply.
 * @param expected undefined for part of a frame or a whole imported file: only whole frames have a checksum
 * @throws if a blob is missing or too short, or the checksum differs; while streaming, this aborts the reply
 */
export async function bytesOfRanges(
  app: Pick<App, 'blobs' | 'replyBuffers'>,
  ranges: readonly BlobRange[],
  expected: Expected | undefined,
): Promise<Bytes> {
  const sizeBytes = sizeOfRanges(ranges)
  const [first, ...rest] = ranges
  if (sizeBytes <= app.replyBuffers.sizeBytes) {
    if (rest.length > 0) return checked(await orDamaged(readRanges(app, ranges), expected), expected)
    const buffer = app.replyBuffers.lend()
    const giveBack = () => app.replyBuffers.giveBack(buffer)
    try {
      return { lent: checked(await orDamaged(readRange(app, first!, buffer), expected), expected), giveBack }
    } catch (error) {
      giveBack()
      throw error
    }
  }
  // Opened before the reply begins, so that a missing or short blob is an error response, not an aborted reply.
  const blob = await orDamaged(openRange(app, first!), expected)
  if (blob.sizeBytes < first!.start + first!.length) {
    await blob.bytes[Symbol.asyncIterator]().return?.()
    throw tooShort(first!)
  }
  const bytes = new RangesInOrder(app, { blob, range: first!, rest })
  return { sizeBytes, bytes: expected === undefined ? bytes : new CheckedBytes(bytes, expected) }
}

/** @throws `expected.damaged()` if an encrypted blob was changed, which is found before its checksum is */
export async function orDamaged<T>(reading: Promise<T>, expected: Expected | undefined): Promise<T> {
  try {
    return await reading
  } catch (error) {
    throw error instanceof DamagedBlob && expected !== undefined ? expected.damaged() : error
  }
}

/** @throws `expected.damaged()` if the checksum differs */
export function checked(bytes: Uint8Array, expected: Expected | undefined): Uint8Array {
  if (expected === undefined || storedChecksum(expected.number, bytes) === expected.checksum) return bytes
  throw expected.damaged()
}

export async function readRanges(app: Stores, ranges: readonly BlobRange[]): Promise<Uint8Array> {
  if (ranges.length === 1) return readRange(app, ranges[0]!)
  const read: Uint8Array[] = []
  for (const range of ranges) read.push(await readRange(app, range))
  return Buffer.concat(read)
}

/** @param into a buffer to use if possible */
export async function readRange(app: Stores, range: BlobRange, into?: Uint8Array): Promise<Uint8Array> {
  const bytes = await readAll(await openRange(app, range, into))
  if (bytes.length !== range.length) throw tooShort(range)
  return bytes
}

/** An iterator, since `return` of a generator that has not started would not close the open blob. */
class RangesInOrder implements AsyncIterableIterator<Uint8Array> {
  readonly #app: Stores
  readonly #rest: BlobRange[]
  #range: BlobRange
  #bytes: AsyncIterator<Uint8Array>
  #read = 0

  constructor(app: Stores, from: { readonly blob: OpenBlob; readonly range: BlobRange; readonly rest: BlobRange[] }) {
    this.#app = app
    this.#rest = from.rest
    this.#range = from.range
    this.#bytes = from.blob.bytes[Symbol.asyncIterator]()
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    for (;;) {
      const next = await this.#bytes.next()
      if (next.done !== true) {
        this.#read += next.value.length
        return next
      }
      if (this.#read !== this.#range.length) throw tooShort(this.#range)
      const following = this.#rest.shift()
      if (following === undefined) return { done: true, value: undefined }
      const blob = await openRange(this.#app, following)
      this.#bytes = blob.bytes[Symbol.asyncIterator]()
      this.#range = following
      this.#read = 0
    }
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    await this.#bytes.return?.()
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

/** Withholds the last chunk until the checksum of all of them is verified. */
export class CheckedBytes implements AsyncIterableIterator<Uint8Array> {
  readonly #bytes: AsyncIterator<Uint8Array>
  readonly #expected: Expected
  readonly #checksum: StoredChecksum
  #held: Uint8Array | undefined
  #isChecked = false

  constructor(bytes: AsyncIterable<Uint8Array>, expected: Expected) {
    this.#bytes = bytes[Symbol.asyncIterator]()
    this.#expected = expected
    this.#checksum = new StoredChecksum(expected.number)
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    while (!this.#isChecked) {
      const next = await orDamaged(this.#bytes.next(), this.#expected)
      const before = this.#held
      if (next.done === true) {
        if (this.#checksum.end() !== this.#expected.checksum) throw this.#expected.damaged()
        this.#isChecked = true
        break
      }
      this.#checksum.add(next.value)
      this.#held = next.value
      if (before !== undefined) return { done: false, value: before }
    }
    const last = this.#held
    this.#held = undefined
    return last === undefined ? { done: true, value: undefined } : { done: false, value: last }
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    await this.#bytes.return?.()
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}

async function openRange(app: Stores, { blobKey, start, length }: BlobRange, into?: Uint8Array): Promise<OpenBlob> {
  const blob = await app.blobs.open(blobKey, { start, length, ...(into === undefined ? {} : { into }) })
  if (blob === undefined) throw new Error(`the blob ${blobKey} is missing`)
  return blob
}

const tooShort = ({ blobKey }: BlobRange) => new Error(`the blob ${blobKey} is too short`)
