/**
 * The format of an encrypted blob: a header of 40 bytes, then chunks. Each chunk is 64 KiB of the blob, encrypted with AES-256-GCM, and its
 * tag of 16 bytes. The last chunk is shorter than 64 KiB, and may be empty: its length shows that it is the last.
 *
 * The header is "HilumE", the format version, the binary logarithm of the chunk size, and 32 random bytes. Each blob has a key of its own:
 * HMAC-SHA-256 of the random bytes under the data key. The nonce is 7 of the random bytes, the number of the chunk (4 bytes) and 1 for the
 * last chunk. The additional authenticated data of a chunk is the header, data store, blob key, number, and 1 for the last chunk. So a chunk
 * of another place, blob or data store is refused, and so is a shortened or extended blob.
 */
import { createCipheriv, createDecipheriv, createHmac, createSecretKey, type KeyObject, randomBytes } from 'node:crypto'
import { DamagedBlob } from '../blob-store.ts'

export const CHUNK_BYTES = 64 * 1024
export const TAG_BYTES = 16
export const HEADER_BYTES = 40
export const STORED_CHUNK_BYTES = CHUNK_BYTES + TAG_BYTES

const MAGIC = Buffer.from('HilumE')
const FORMAT_VERSION = 1
const CHUNK_SIZE_LOG2 = 16
const SALT_AT = 8
const NONCE_PREFIX_BYTES = 7
const ALGORITHM = 'aes-256-gcm'
const KEY_PURPOSE = 'hilum blob key 1'

export function newHeader(): Buffer {
  return Buffer.concat([MAGIC, Buffer.from([FORMAT_VERSION, CHUNK_SIZE_LOG2]), randomBytes(HEADER_BYTES - SALT_AT)])
}

/** Whether a blob that begins so is encrypted. */
export const isHeader = (start: Uint8Array): boolean =>
  start.length === HEADER_BYTES && MAGIC.equals(start.subarray(0, MAGIC.length))

/** @throws DamagedBlob for bytes that newHeader never returns */
export function checkHeader(header: Uint8Array): void {
  if (!isHeader(header)) throw new DamagedBlob('it has no header')
  if (header[MAGIC.length] !== FORMAT_VERSION || header[MAGIC.length + 1] !== CHUNK_SIZE_LOG2) {
    throw new DamagedBlob('its header names another format')
  }
}

/** The size of the blob that is stored in so many bytes. @throws DamagedBlob if no blob has this size */
export function sizeOfStored(storedBytes: number): number {
  const inChunks = storedBytes - HEADER_BYTES
  const lastBytes = inChunks % STORED_CHUNK_BYTES
  if (inChunks < TAG_BYTES || lastBytes < TAG_BYTES) throw new DamagedBlob('its size is impossible')
  return Math.floor(inChunks / STORED_CHUNK_BYTES) * CHUNK_BYTES + lastBytes - TAG_BYTES
}

export const storedSizeOf = (sizeBytes: number): number =>
  HEADER_BYTES + sizeBytes + (Math.floor(sizeBytes / CHUNK_BYTES) + 1) * TAG_BYTES

interface Chunk {
  readonly number: number
  readonly isLast: boolean
}

/** Encrypts and decrypts the chunks of one blob. */
export class BlobCipher {
  /** A cipher takes it in half the time of a key in bytes. */
  readonly #key: KeyObject
  /** Ends in the number of the chunk and whether it is the last. */
  readonly #aad: Buffer
  readonly #nonce = Buffer.alloc(12)

  /** Does not keep the data key. */
  constructor(
    dataKey: Uint8Array,
    { header, datastoreId, blobKey }: { readonly header: Uint8Array; datastoreId: string; blobKey: string },
  ) {
    const salt = header.subarray(SALT_AT)
    const key = createHmac('sha256', dataKey).update(KEY_PURPOSE).update(salt).digest()
    this.#key = createSecretKey(key)
    key.fill(0)
    this.#nonce.set(salt.subarray(0, NONCE_PREFIX_BYTES))
    this.#aad = Buffer.concat([header, counted(datastoreId), counted(blobKey), Buffer.alloc(5)])
  }

  /** Writes the encrypted bytes and the tag to `into`. @returns how many */
  encrypt(bytes: Uint8Array, into: Uint8Array, chunk: Chunk): number {
    this.#place(chunk)
    const cipher = createCipheriv(ALGORITHM, this.#key, this.#nonce, { authTagLength: TAG_BYTES })
    cipher.setAAD(this.#aad)
    const encrypted = cipher.update(bytes)
    cipher.final()
    into.set(encrypted)
    into.set(cipher.getAuthTag(), bytes.length)
    release(encrypted)
    return bytes.length + TAG_BYTES
  }

  /** @returns memory that nothing else uses. @throws DamagedBlob if the chunk is not the one that was encrypted for this place */
  decrypt(stored: Uint8Array, chunk: Chunk): Uint8Array {
    this.#place(chunk)
    const end = stored.length - TAG_BYTES
    if (end < 0) throw new DamagedBlob('it is too short')
    const decipher = createDecipheriv(ALGORITHM, this.#key, this.#nonce, { authTagLength: TAG_BYTES })
    decipher.setAAD(this.#aad).setAuthTag(stored.subarray(end))
    const bytes = decipher.update(stored.subarray(0, end))
    try {
      decipher.final()
    } catch {
      bytes.fill(0)
      throw new DamagedBlob('its bytes are not those that were put')
    }
    return bytes
  }

  #place({ number, isLast }: Chunk): void {
    this.#nonce.writeUInt32BE(number, NONCE_PREFIX_BYTES)
    this.#nonce[11] = isLast ? 1 : 0
    this.#aad.set(this.#nonce.subarray(NONCE_PREFIX_BYTES), this.#aad.length - 5)
  }
}

/**
 * Frees the memory of bytes that a cipher returned. Otherwise a gigabyte that is encrypted waits for the garbage collector in 16,000 pieces,
 * which runs a full collection each time they are some dozen megabytes.
 */
export function release(bytes: Uint8Array): void {
  if (bytes.buffer instanceof ArrayBuffer && bytes.buffer.byteLength === bytes.length) bytes.buffer.transfer(0)
}

/** With its length, so that no two pairs of texts give the same bytes. */
function counted(text: string): Buffer {
  const bytes = Buffer.from(text)
  const length = Buffer.alloc(4)
  length.writeUInt32BE(bytes.length)
  return Buffer.concat([length, bytes])
}
