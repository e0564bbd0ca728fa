/** Decrypts the chunks that a range touches. No byte leaves before its chunk is verified. */
import { DamagedBlob, type OpenBlob } from '../blob-store.ts'
import { type BlobCipher, CHUNK_BYTES, HEADER_BYTES, release, STORED_CHUNK_BYTES, TAG_BYTES } from './blob-cipher.ts'

/** Which chunks hold a range, and where they are stored. */
export interface ChunkRange {
  readonly firstChunk: number
  readonly chunks: number
  /** Bytes of the first chunk that precede the range. */
  readonly skipBytes: number
  readonly lengthBytes: number
  readonly storedStart: number
  readonly storedBytes: number
  readonly lastChunk: number
}

/** @param range within the blob. A range that reaches the end includes the last chunk, which proves that the blob is complete. */
export function chunkRangeOf(
  { start, end }: { readonly start: number; readonly end: number },
  { sizeBytes, reachesEnd }: { readonly sizeBytes: number; readonly reachesEnd: boolean },
): ChunkRange {
  const lastChunk = Math.floor(sizeBytes / CHUNK_BYTES)
  const firstChunk = Math.min(Math.floor(start / CHUNK_BYTES), lastChunk)
  const endChunk = reachesEnd ? lastChunk : Math.floor((end - 1) / CHUNK_BYTES)
  const chunks = endChunk - firstChunk + 1
  const storedBytes =
    endChunk === lastChunk
      ? (chunks - 1) * STORED_CHUNK_BYTES + (sizeBytes % CHUNK_BYTES) + TAG_BYTES
      : chunks * STORED_CHUNK_BYTES
  return {
    ...{ firstChunk, chunks, lastChunk, storedBytes },
    storedStart: HEADER_BYTES + firstChunk * STORED_CHUNK_BYTES,
    skipBytes: start - firstChunk * CHUNK_BYTES,
    lengthBytes: end - start,
  }
}

/** Decrypts stored chunks that are in memory. */
export function decryptInto(
  into: Uint8Array,
  stored: Uint8Array,
  { cipher, range }: { readonly cipher: BlobCipher; readonly range: ChunkRange },
): void {
  if (stored.length !== range.storedBytes) throw new DamagedBlob('it is too short')
  let { skipBytes: skip } = range
  let filled = 0
  for (let chunk = 0; chunk < range.chunks; chunk++) {
    const number = range.firstChunk + chunk
    const at = chunk * STORED_CHUNK_BYTES
    const bytes = cipher.decrypt(stored.subarray(at, at + STORED_CHUNK_BYTES), {
      number,
      isLast: number === range.lastChunk,
    })
    const wanted = bytes.subarray(skip, skip + range.lengthBytes - filled)
    into.set(wanted, filled)
    filled += wanted.length
    release(bytes)
    skip = 0
  }
}

/** Not a generator, because `return` has to close the blob even if `next` was never called. */
export class DecryptedChunks implements AsyncIterableIterator<Uint8Array> {
  readonly #stored: AsyncIterator<Uint8Array>
  readonly #cipher: BlobCipher
  readonly #range: ChunkRange
  readonly #begun = Buffer.allocUnsafeSlow(STORED_CHUNK_BYTES)
  #begunBytes = 0
  #piece: Uint8Array = new Uint8Array()
  #chunk = 0
  #skip: number
  #left: number

  constructor(stored: OpenBlob, { cipher, range }: { readonly cipher: BlobCipher; readonly range: ChunkRange }) {
    this.#stored = stored.bytes[Symbol.asyncIterator]()
    this.#cipher = cipher
    this.#range = range
    this.#skip = range.skipBytes
    this.#left = range.lengthBytes
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    try {
      while (this.#chunk < this.#range.chunks) {
        const bytes = this.#decrypt(await this.#nextStored())
        if (bytes.length > 0) return { done: false, value: bytes }
      }
    } catch (error) {
      await this.return()
      throw error
    }
    return this.return()
  }

  #decrypt(stored: Uint8Array): Uint8Array {
    const number = this.#range.firstChunk + this.#chunk++
    const bytes = this.#cipher.decrypt(stored, { number, isLast: number === this.#range.lastChunk })
    const wanted = bytes.subarray(this.#skip, this.#skip + this.#left)
    this.#skip = 0
    this.#left -= wanted.length
    return wanted
  }

  /** A view of the bytes that the store returned, or of the chunk that was put together from several. */
  async #nextStored(): Promise<Uint8Array> {
    const isLast = this.#chunk === this.#range.chunks - 1
    const wanted = isLast ? this.#range.storedBytes - this.#chunk * STORED_CHUNK_BYTES : STORED_CHUNK_BYTES
    this.#begunBytes = 0
    for (;;) {
      const missing = wanted - this.#begunBytes
      if (this.#piece.length >= missing) {
        const some = this.#piece.subarray(0, missing)
        this.#piece = this.#piece.subarray(missing)
        if (this.#begunBytes === 0) return some
        this.#begun.set(some, this.#begunBytes)
        return this.#begun.subarray(0, wanted)
      }
      this.#begun.set(this.#piece, this.#begunBytes)
      this.#begunBytes += this.#piece.length
      const next = await this.#stored.next()
      if (next.done === true) throw new DamagedBlob('it is too short')
      this.#piece = next.value
    }
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    this.#chunk = this.#range.chunks
    await this.#stored.return?.()
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
