/** The edge where bytes are kept: immutable blobs under keys we choose. Disk, memory and S3 hold the same promises. */

export { InvalidBlobKey } from './blob-key.ts'

/** Bytes `start` to `start + length - 1`; without a length, to the end. */
export interface ByteRange {
  readonly start: number
  readonly length?: number
  /** Memory that the store may read the bytes into, where they fit; what it hands out is then a view of it. */
  readonly into?: Uint8Array
}

export interface BlobEntry {
  readonly key: string
  readonly sizeBytes: number
  /** When it was put, by the clock of the store. */
  readonly putAt: number
}

/** What was put: whoever keeps it can tell later whether the bytes are still these. */
export interface BlobDigest {
  readonly sizeBytes: number
  /** 64 lower-case hex digits. */
  readonly sha256: string
}

export interface OpenBlob {
  /** Of the whole blob, whatever the range. */
  readonly sizeBytes: number
  /** The bytes of the range, read as they are asked for; to be iterated at most once. Leaving the loop early closes it. */
  readonly bytes: AsyncIterable<Uint8Array>
}

export interface BlobStore {
  /**
   * Once it returns, the bytes survive a loss of power. The same key with the same bytes again is harmless.
   * @throws InvalidBlobKey
   */
  put(key: string, bytes: Uint8Array | AsyncIterable<Uint8Array>): Promise<BlobDigest>
  /** `undefined` where there is no such blob. A range past the end yields what there is. */
  open(key: string, range?: ByteRange): Promise<OpenBlob | undefined>
  /** Every key that starts with the prefix, in byte order of the keys; those after `after` only. */
  list(prefix: string, options?: { readonly after?: string }): AsyncIterable<BlobEntry>
  /** Keys that are not there are not an error. */
  remove(keys: readonly string[]): Promise<void>
  /** Gives back the space of puts that were cut off before this moment, by a crash or a loss of power. None of it was ever visible. */
  removeUnfinished(before: number): Promise<void>
}

/** The whole of a blob's range in one piece; for ranges known to be small. */
export async function readAll(blob: OpenBlob): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of blob.bytes) chunks.push(chunk)
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
}

/**
 * The same in memory that is given for it, which the store may have been told to read into (`ByteRange.into`).
 * @returns as much of it as was filled: fewer bytes where the blob ends. @throws RangeError where there are more than fit
 */
export async function readInto<Memory extends Uint8Array>(blob: OpenBlob, memory: Memory): Promise<Memory> {
  let filled = 0
  for await (const chunk of blob.bytes) {
    if (chunk.buffer !== memory.buffer) memory.set(chunk, filled)
    filled += chunk.length
  }
  return memory.subarray(0, filled) as Memory
}

/** By blob key: what was told when each was put. */
export type BlobDigests = ReadonlyMap<string, BlobDigest>
