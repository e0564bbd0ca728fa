/** The interface for bytes: immutable blobs under keys. Disk, memory and S3 implement it and pass one suite (blob-store.conformance.ts). */

export { InvalidBlobKey } from './blob-key.ts'

/** `length` bytes from `start`; without a length, to the end. */
export interface ByteRange {
  readonly start: number
  readonly length?: number
  /** Memory that the store may read the bytes into, if they fit. The bytes are then a view of it. */
  readonly into?: Uint8Array
}

export interface BlobEntry {
  readonly key: string
  readonly sizeBytes: number
  /** When it was put, by the clock of the store. */
  readonly putAt: number
}

/** Size and checksum of what was put, with which the bytes can be verified later. */
export interface BlobDigest {
  readonly sizeBytes: number
  /** 64 lower-case hex digits. */
  readonly sha256: string
}

export interface OpenBlob {
  /** Of the whole blob, not of the range. */
  readonly sizeBytes: number
  /** The bytes of the range, read as they are iterated, at most once. Leaving the loop early closes the blob. */
  readonly bytes: AsyncIterable<Uint8Array>
}

/** The stored bytes are not those that were put. The message does not contain the key, because folders are often named after patients. */
export class DamagedBlob extends Error {
  override readonly name = 'DamagedBlob'
  constructor(why: string) {
    super(`a blob is damaged: ${why}`)
  }
}

/** A store that refuses to replace blobs has one with this key and other bytes. */
export class BlobExists extends Error {
  override readonly name = 'BlobExists'
  constructor() {
    super('a blob is immutable, and its key was put again with other bytes')
  }
}

export interface BlobStore {
  /**
   * When it returns, the bytes are durable. A repetition with the same key and bytes is harmless.
   * @param bytes chunks may lie in the same memory one after the other: a store that needs one later copies it
   * @throws InvalidBlobKey, StoreUnavailable
   */
  put(key: string, bytes: Uint8Array | AsyncIterable<Uint8Array>): Promise<BlobDigest>
  /** As put, of a store that needs no checksum for itself: for a caller that does not need it either. */
  putWithoutDigest?(key: string, bytes: Uint8Array | AsyncIterable<Uint8Array>): Promise<void>
  /** Undefined if there is no such blob. A range that exceeds the blob is truncated. */
  open(key: string, range?: ByteRange): Promise<OpenBlob | undefined>
  /** Every key that starts with the prefix and is greater than `after`, in byte order. */
  list(prefix: string, options?: { readonly after?: string }): AsyncIterable<BlobEntry>
  /** Missing keys are not an error. */
  remove(keys: readonly string[]): Promise<void>
  /** Frees the space of puts that a crash interrupted before this time. Their bytes were never visible. */
  removeUnfinished(before: number): Promise<void>
}

/** All bytes of the range in one array; for small ranges. */
export async function readAll(blob: OpenBlob): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of blob.bytes) chunks.push(chunk)
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
}

/**
 * Reads the bytes into the given memory, which may be that of `ByteRange.into`.
 * @returns the part that was filled; shorter at the end of the blob. @throws RangeError if the bytes do not fit
 */
export async function readInto<Memory extends Uint8Array>(blob: OpenBlob, memory: Memory): Promise<Memory> {
  let filled = 0
  for await (const chunk of blob.bytes) {
    if (chunk.buffer !== memory.buffer) memory.set(chunk, filled)
    filled += chunk.length
  }
  return memory.subarray(0, filled) as Memory
}

/** Of a blob that the catalog records. */
export interface RecordedDigest extends BlobDigest {
  /** Another partition of the data store has the blob too, and counts its size. */
  readonly isCountedElsewhere?: boolean
}

/** By blob key. */
export type BlobDigests = ReadonlyMap<string, RecordedDigest>
