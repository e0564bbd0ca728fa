/**
 * A blob store that encrypts the blobs of data stores with a data key (blob-cipher.ts). Sizes, ranges and checksums are those of the bytes
 * that were put. A range is one read of the chunks that it touches, once the header of its blob is cached.
 */
import type { Bucket, BucketEntry } from '../../locations/locations.ts'
import { faultOfKey, InvalidBlobKey } from '../blob-key.ts'
import {
  type BlobDigest,
  type BlobEntry,
  BlobExists,
  type BlobStore,
  type ByteRange,
  type OpenBlob,
  readInto,
} from '../blob-store.ts'
import { BytesDigest } from '../bytes-digest.ts'
import {
  BlobCipher,
  checkHeader,
  HEADER_BYTES,
  isHeader,
  newHeader,
  STORED_CHUNK_BYTES,
  sizeOfStored,
} from './blob-cipher.ts'
import { type ChunkRange, chunkRangeOf, DecryptedChunks, decryptInto } from './decrypt-chunks.ts'
import { DecryptedRanges } from './decrypted-ranges.ts'
import { encryptStream, encryptWhole, PART_BYTES } from './encrypt-chunks.ts'

export interface BlobKeys {
  /** Whether the blobs of the data store are encrypted. */
  isEncrypted(datastoreId: string): Promise<boolean>
  /** The data key. Use it before the next await: it is overwritten when it expires. @throws if the data store may not be used */
  dataKeyOf(datastoreId: string): Promise<Uint8Array>
  /** Calls the listener when a data key expires: nothing that was decrypted with it may stay. */
  onExpiry(listener: (datastoreId: string) => void): void
}

interface Options {
  readonly keys: BlobKeys
  /** The data store of a blob; undefined for a blob that is not encrypted. */
  readonly datastoreOf: (blobKey: string) => string | undefined
  /** How many headers are cached. 0 if blobs can be replaced by another process. */
  readonly headersMax: number
  /** A blob without the header of an encrypted one is returned as it is, instead of being called damaged. */
  readonly mayBePlain?: boolean
  /** Of decrypted ranges in memory. Default: none. */
  readonly decryptedBytesMax?: number
}

/** More is streamed. */
const WHOLE_BYTES_MAX = 1024 ** 2
/** A range that is read whole, with the rest of its first and last chunk. */
const BUFFER_BYTES = WHOLE_BYTES_MAX + 2 * STORED_CHUNK_BYTES
const BUFFERS_MAX = 8
/** Of PART_BYTES, for blobs that are put at the same time. */
const PARTS_MAX = 4

export const encryptedBlobs = (blobs: BlobStore, options: Options): BlobStore => new EncryptedBlobs(blobs, options)

/** A bucket of which some blobs are encrypted. */
export function encryptedBucket(bucket: Bucket, options: Options): Bucket {
  const blobs = new EncryptedBlobs(bucket, options)
  return {
    put: (key, bytes) => blobs.put(key, bytes),
    putWithoutDigest: (key, bytes) => blobs.putWithoutDigest(key, bytes),
    open: (key, range) => blobs.open(key, range),
    list: (prefix, listing) => blobs.list(prefix, listing),
    remove: (keys) => blobs.remove(keys),
    removeUnfinished: (before) => blobs.removeUnfinished(before),
    scan: (prefix, listing) => blobs.scan(bucket, prefix, listing),
  }
}

/** A blob never changes, so neither do these. */
interface StoredBlob {
  readonly header: Uint8Array
  readonly sizeBytes: number
}

class EncryptedBlobs implements BlobStore {
  readonly #blobs: BlobStore
  readonly #options: Options
  /** By blob key, the most recently used last. */
  readonly #headers = new Map<string, StoredBlob>()
  readonly #decrypted: DecryptedRanges
  readonly #buffers: Uint8Array[] = []
  readonly #parts: Uint8Array[] = []

  constructor(blobs: BlobStore, options: Options) {
    this.#blobs = blobs
    this.#options = options
    this.#decrypted = new DecryptedRanges(options.decryptedBytesMax ?? 0)
    options.keys.onExpiry((datastoreId) => this.#decrypted.expire(datastoreId))
  }

  async put(key: string, bytes: Uint8Array | AsyncIterable<Uint8Array>): Promise<BlobDigest> {
    const fault = faultOfKey(key)
    if (fault !== undefined) throw new InvalidBlobKey(fault)
    const datastoreId = await this.#encryptedFor(key)
    if (datastoreId === undefined) return this.#blobs.put(key, bytes)
    const header = newHeader()
    const cipher = await this.#cipherOf(key, { datastoreId, header })
    const digest = new BytesDigest()
    const part = bytes instanceof Uint8Array ? undefined : (this.#parts.pop() ?? Buffer.allocUnsafeSlow(PART_BYTES))
    try {
      const stored =
        bytes instanceof Uint8Array
          ? encryptWhole(bytes, { cipher, header })
          : encryptStream(digest.passing(bytes), { cipher, header, part: part! })
      // The checksum in the catalog is that of the plaintext; each encrypted chunk has a tag.
      await (this.#blobs.putWithoutDigest?.(key, stored) ?? this.#blobs.put(key, stored))
    } catch (error) {
      if (!(error instanceof BlobExists)) throw error
      // The same bytes have another form each time they are encrypted.
      const given = bytes instanceof Uint8Array ? digest.add(bytes).end() : digest.end()
      if (!(await this.#holds(key, given))) throw error
      return given
    } finally {
      this.#dropCached(key)
      if (part !== undefined && this.#parts.length < PARTS_MAX) this.#parts.push(part)
    }
    return bytes instanceof Uint8Array ? digest.add(bytes).end() : digest.end()
  }

  async putWithoutDigest(key: string, bytes: Uint8Array | AsyncIterable<Uint8Array>): Promise<void> {
    const datastoreId = bytes instanceof Uint8Array ? await this.#encryptedFor(key) : undefined
    if (!(bytes instanceof Uint8Array) || datastoreId === undefined || faultOfKey(key) !== undefined) {
      await this.put(key, bytes)
      return
    }
    const header = newHeader()
    const stored = encryptWhole(bytes, { cipher: await this.#cipherOf(key, { datastoreId, header }), header })
    try {
      await (this.#blobs.putWithoutDigest?.(key, stored) ?? this.#blobs.put(key, stored))
    } catch (error) {
      if (!(error instanceof BlobExists)) throw error
      // Compares the bytes.
      await this.put(key, bytes)
    } finally {
      this.#dropCached(key)
    }
  }

  async #holds(key: string, { sha256 }: BlobDigest): Promise<boolean> {
    const existing = await this.open(key)
    if (existing === undefined) return false
    const found = new BytesDigest()
    for await (const chunk of existing.bytes) found.add(chunk)
    return found.end().sha256 === sha256
  }

  async open(key: string, range: ByteRange = { start: 0 }): Promise<OpenBlob | undefined> {
    const datastoreId = await this.#encryptedFor(key)
    if (datastoreId === undefined) return this.#blobs.open(key, range)
    const stored = this.#cached(key) ?? (await this.#readHeader(key))
    if (stored === undefined) return undefined
    if (stored === 'plain') return this.#blobs.open(key, range)
    const { header, sizeBytes } = stored
    if (range.length === 0) {
      const there = await this.#blobs.open(key, { start: 0, length: 0 })
      return there && { sizeBytes, bytes: once(new Uint8Array()) }
    }
    const start = Math.min(range.start, sizeBytes)
    const end = Math.min(range.length === undefined ? sizeBytes : range.start + range.length, sizeBytes)
    const reachesEnd = range.length === undefined || range.start + range.length > sizeBytes
    const chunks = chunkRangeOf({ start, end: Math.max(start, end) }, { sizeBytes, reachesEnd })
    const bytes = await this.#openChunks(key, { datastoreId, header, chunks, into: range.into })
    return bytes && { sizeBytes, bytes }
  }

  async #openChunks(
    key: string,
    of: { datastoreId: string; header: Uint8Array; chunks: ChunkRange; into: Uint8Array | undefined },
  ): Promise<AsyncIterable<Uint8Array> | undefined> {
    const { chunks, into } = of
    const { storedStart: start, storedBytes: length, lengthBytes } = chunks
    const fitsInto = into !== undefined && lengthBytes <= into.length
    if (!fitsInto && lengthBytes > WHOLE_BYTES_MAX) {
      const cipher = await this.#cipherOf(key, of)
      const stored = await this.#blobs.open(key, { start, length })
      return stored && new DecryptedChunks(stored, { cipher, range: chunks })
    }
    const name = `${key} ${start} ${chunks.skipBytes} ${lengthBytes}`
    // Before the range is looked up: its use is checked also where nothing is decrypted, and an expired range is overwritten.
    if (fitsInto) await this.#options.keys.dataKeyOf(of.datastoreId)
    const known = this.#decrypted.get(name)
    if (known !== undefined && fitsInto) {
      into.set(known)
      return once(into.subarray(0, lengthBytes))
    }
    const buffer = this.#lend(length)
    try {
      const opened = await this.#blobs.open(key, { start, length, into: buffer })
      if (opened === undefined) {
        this.#headers.delete(key)
        return undefined
      }
      const stored = await readInto(opened, buffer)
      const cipher = await this.#cipherOf(key, of)
      const bytes = fitsInto ? into.subarray(0, lengthBytes) : Buffer.allocUnsafeSlow(lengthBytes)
      decryptInto(bytes, stored, { cipher, range: chunks })
      if (fitsInto) this.#decrypted.add(name, { datastoreId: of.datastoreId, bytes })
      return once(bytes)
    } finally {
      if (buffer.length === BUFFER_BYTES && this.#buffers.length < BUFFERS_MAX) this.#buffers.push(buffer)
    }
  }

  async *list(prefix: string, options?: { readonly after?: string }): AsyncGenerator<BlobEntry> {
    for await (const entry of this.#blobs.list(prefix, options)) {
      yield { ...entry, sizeBytes: await this.#sizeOf(entry) }
    }
  }

  async *scan(bucket: Bucket, prefix: string, options?: { readonly after?: string }): AsyncGenerator<BucketEntry> {
    for await (const entry of bucket.scan(prefix, options)) {
      if ('unreadable' in entry || (await this.#encryptedFor(entry.key)) === undefined) yield entry
      else yield { ...entry, sizeBytes: await this.#sizeOf(entry), open: (range) => this.open(entry.key, range) }
    }
  }

  async remove(keys: readonly string[]): Promise<void> {
    for (const key of keys) this.#dropCached(key)
    await this.#blobs.remove(keys)
  }

  removeUnfinished(before: number): Promise<void> {
    return this.#blobs.removeUnfinished(before)
  }

  /** The stored size of a damaged blob, which no blob can have: `hilum verify` reports it. */
  async #sizeOf({ key, sizeBytes }: BlobEntry): Promise<number> {
    if ((await this.#encryptedFor(key)) === undefined) return sizeBytes
    try {
      return sizeOfStored(sizeBytes)
    } catch {
      return sizeBytes
    }
  }

  async #encryptedFor(key: string): Promise<string | undefined> {
    const datastoreId = this.#options.datastoreOf(key)
    return datastoreId !== undefined && (await this.#options.keys.isEncrypted(datastoreId)) ? datastoreId : undefined
  }

  async #cipherOf(key: string, of: { datastoreId: string; header: Uint8Array }): Promise<BlobCipher> {
    const dataKey = await this.#options.keys.dataKeyOf(of.datastoreId)
    return new BlobCipher(dataKey, { ...of, blobKey: key })
  }

  #cached(key: string): StoredBlob | undefined {
    const stored = this.#headers.get(key)
    if (stored === undefined) return undefined
    this.#headers.delete(key)
    this.#headers.set(key, stored)
    return stored
  }

  async #readHeader(key: string): Promise<StoredBlob | 'plain' | undefined> {
    const blob = await this.#blobs.open(key, { start: 0, length: HEADER_BYTES })
    if (blob === undefined) return undefined
    const header = new Uint8Array(HEADER_BYTES)
    const found = await readInto(blob, header)
    if (this.#options.mayBePlain === true && !isHeader(found)) return 'plain'
    checkHeader(found)
    const stored = { header, sizeBytes: sizeOfStored(blob.sizeBytes) }
    if (this.#options.headersMax === 0) return stored
    const [oldest] = this.#headers.keys()
    if (oldest !== undefined && this.#headers.size >= this.#options.headersMax) this.#headers.delete(oldest)
    this.#headers.set(key, stored)
    return stored
  }

  #dropCached(key: string): void {
    this.#headers.delete(key)
    this.#decrypted.removeAll(`${key} `)
  }

  /** Reused, because new memory of this size is slower than the read. */
  #lend(lengthBytes: number): Uint8Array {
    if (lengthBytes > BUFFER_BYTES) return Buffer.allocUnsafeSlow(lengthBytes)
    return this.#buffers.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES)
  }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.length > 0) yield bytes
}
