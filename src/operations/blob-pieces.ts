/** Ranges of blobs, read one behind the other as the bytes of one reply. */
import type { App } from '../app.ts'
import type { Bytes } from '../contract/shapes.ts'
import { StoredChecksum, storedChecksum } from '../pixel-data/checksum/stored-checksum.ts'
import { type OpenBlob, readAll } from '../stores/blobs/blob-store.ts'

export interface Piece {
  readonly blobKey: string
  readonly start: number
  readonly length: number
}

type Stores = Pick<App, 'blobs'>

export const sizeOfRanges = (pieces: readonly Piece[]): number => pieces.reduce((sum, { length }) => sum + length, 0)

export function beginningOfRanges(pieces: readonly Piece[], lengthBytes: number): readonly Piece[] {
  const beginning: Piece[] = []
  let left = lengthBytes
  for (const piece of pieces) {
    if (left <= 0) break
    beginning.push({ ...piece, length: Math.min(piece.length, left) })
    left -= piece.length
  }
  return beginning
}

/** What the bytes of all pieces together must be. */
export interface Expected {
  /** Of the frame; 0 of what is none. */
  readonly number: number
  readonly checksum: number | undefined
  /** Makes the error, where they are not. */
  damaged(): Error
}

/**
 * What fits into a lent buffer is read into it and checked before anything is answered; more is piped, and all but its last chunk is
 * answered by the time that the checksum is known: then the reply breaks off.
 * @param expected undefined for part of a frame or a whole imported file: only whole frames have a checksum
 * @throws where a blob is gone or shorter, or its bytes are not those expected. In what is piped that breaks the reply off.
 */
export async function bytesOfRanges(
  app: Pick<App, 'blobs' | 'replyBuffers'>,
  pieces: readonly Piece[],
  expected: Expected | undefined,
): Promise<Bytes> {
  const sizeBytes = sizeOfRanges(pieces)
  const [first, ...rest] = pieces
  if (sizeBytes <= app.replyBuffers.sizeBytes) {
    if (rest.length > 0) return checked(await readRanges(app, pieces), expected)
    const buffer = app.replyBuffers.lend()
    const giveBack = () => app.replyBuffers.giveBack(buffer)
    try {
      return { lent: checked(await readPiece(app, first!, buffer), expected), giveBack }
    } catch (error) {
      giveBack()
      throw error
    }
  }
  // Opened before anything is answered: a blob that is gone or too short is an error of its own, not a reply that breaks off.
  const blob = await openRange(app, first!)
  if (blob.sizeBytes < first!.start + first!.length) {
    await blob.bytes[Symbol.asyncIterator]().return?.()
    throw shorter(first!)
  }
  const bytes = new RangesInOrder(app, { blob, piece: first!, rest })
  return { sizeBytes, bytes: expected === undefined ? bytes : new CheckedBytes(bytes, expected) }
}

/** @throws what `expected` makes, where they are others */
export function checked(bytes: Uint8Array, expected: Expected | undefined): Uint8Array {
  if (expected === undefined || storedChecksum(expected.number, bytes) === expected.checksum) return bytes
  throw expected.damaged()
}

export async function readRanges(app: Stores, pieces: readonly Piece[]): Promise<Uint8Array> {
  if (pieces.length === 1) return readPiece(app, pieces[0]!)
  const read: Uint8Array[] = []
  for (const piece of pieces) read.push(await readPiece(app, piece))
  return Buffer.concat(read)
}

/** @param into memory that may be used for it */
export async function readPiece(app: Stores, piece: Piece, into?: Uint8Array): Promise<Uint8Array> {
  const bytes = await readAll(await openRange(app, piece, into))
  if (bytes.length !== piece.length) throw shorter(piece)
  return bytes
}

/** An iterator and not a generator: `return` closes what is open even where nothing was ever asked for. */
class RangesInOrder implements AsyncIterableIterator<Uint8Array> {
  readonly #app: Stores
  readonly #rest: Piece[]
  #piece: Piece
  #bytes: AsyncIterator<Uint8Array>
  #read = 0

  constructor(app: Stores, from: { readonly blob: OpenBlob; readonly piece: Piece; readonly rest: Piece[] }) {
    this.#app = app
    this.#rest = from.rest
    this.#piece = from.piece
    this.#bytes = from.blob.bytes[Symbol.asyncIterator]()
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    for (;;) {
      const next = await this.#bytes.next()
      if (next.done !== true) {
        this.#read += next.value.length
        return next
      }
      if (this.#read !== this.#piece.length) throw shorter(this.#piece)
      const following = this.#rest.shift()
      if (following === undefined) return { done: true, value: undefined }
      const blob = await openRange(this.#app, following)
      this.#bytes = blob.bytes[Symbol.asyncIterator]()
      this.#piece = following
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

/** Holds the last chunk back until all of them are known to be right. */
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
      const next = await this.#bytes.next()
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

async function openRange(app: Stores, { blobKey, start, length }: Piece, into?: Uint8Array): Promise<OpenBlob> {
  const blob = await app.blobs.open(blobKey, { start, length, ...(into === undefined ? {} : { into }) })
  if (blob === undefined) throw new Error(`the blob ${blobKey} is gone`)
  return blob
}

const shorter = ({ blobKey }: Piece) => new Error(`the blob ${blobKey} is shorter than it was`)
