/** Encrypts the bytes of a blob while they are put. Whole chunks are encrypted where they lie; only bytes across a border are copied. */
import { type BlobCipher, CHUNK_BYTES, STORED_CHUNK_BYTES, storedSizeOf } from './blob-cipher.ts'

/** Of the memory that a stream is encrypted into: 16 chunks are one write. */
export const PART_BYTES = 16 * STORED_CHUNK_BYTES

interface Encryption {
  readonly cipher: BlobCipher
  readonly header: Uint8Array
}

/** A whole blob in memory. */
export function encryptWhole(bytes: Uint8Array, { cipher, header }: Encryption): Uint8Array {
  const stored = Buffer.allocUnsafeSlow(storedSizeOf(bytes.length))
  stored.set(header)
  let filled = header.length
  const chunks = new Chunks(cipher)
  for (const chunk of chunks.add(bytes)) filled += chunk(stored.subarray(filled))
  chunks.end(stored.subarray(filled))
  return stored
}

/** @param part memory of PART_BYTES. Each part that is yielded is in it: stores have used a part when they ask for the next */
export async function* encryptStream(
  bytes: AsyncIterable<Uint8Array>,
  { cipher, header, part }: Encryption & { readonly part: Uint8Array },
): AsyncGenerator<Uint8Array> {
  const chunks = new Chunks(cipher)
  part.set(header)
  let filled = header.length
  for await (const some of bytes) {
    for (const chunk of chunks.add(some)) {
      if (filled + STORED_CHUNK_BYTES > part.length) {
        yield part.subarray(0, filled)
        filled = 0
      }
      filled += chunk(part.subarray(filled))
    }
  }
  if (filled + STORED_CHUNK_BYTES > part.length) {
    yield part.subarray(0, filled)
    filled = 0
  }
  yield part.subarray(0, filled + chunks.end(part.subarray(filled)))
}

/** Encrypts a chunk into the memory. @returns how many bytes it took */
type Encrypt = (into: Uint8Array) => number

/** Memory of one chunk, of blobs that are complete: new memory for each small blob would be most of the garbage. */
const unused: Buffer[] = []
const UNUSED_MAX = 4

class Chunks {
  readonly #cipher: BlobCipher
  readonly #begun = unused.pop() ?? Buffer.allocUnsafeSlow(CHUNK_BYTES)
  #begunBytes = 0
  #number = 0

  constructor(cipher: BlobCipher) {
    this.#cipher = cipher
  }

  /** The chunks that are complete. Each has to be encrypted before the next is taken. */
  *add(bytes: Uint8Array): Generator<Encrypt> {
    for (let at = 0; at < bytes.length; ) {
      if (this.#begunBytes === 0 && bytes.length - at >= CHUNK_BYTES) {
        yield this.#encrypting(bytes.subarray(at, at + CHUNK_BYTES))
        at += CHUNK_BYTES
        continue
      }
      const some = bytes.subarray(at, at + CHUNK_BYTES - this.#begunBytes)
      this.#begun.set(some, this.#begunBytes)
      this.#begunBytes += some.length
      at += some.length
      if (this.#begunBytes < CHUNK_BYTES) continue
      yield this.#encrypting(this.#begun)
      this.#begunBytes = 0
    }
  }

  /** Encrypts the last chunk. @returns how many bytes it took */
  end(into: Uint8Array): number {
    const last = this.#begun.subarray(0, this.#begunBytes)
    const taken = this.#cipher.encrypt(last, into, { number: this.#number, isLast: true })
    this.#begun.fill(0)
    if (unused.length < UNUSED_MAX) unused.push(this.#begun)
    return taken
  }

  #encrypting(chunk: Uint8Array): Encrypt {
    const number = this.#number++
    return (into) => this.#cipher.encrypt(chunk, into, { number, isLast: false })
  }
}
