/** Encrypts the bytes of a blob while they are put. Whole chunks are encrypted where they lie; only bytes across a border are copied. */
import { type BlobCipher, CHUNK_BYTES, storedSizeOf } from './blob-cipher.ts'

/** Larger parts make fewer writes. */
const PART_BYTES = 1024 ** 2

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
  for (const part of [...chunks.add(bytes), ...chunks.end()]) {
    stored.set(part, filled)
    filled += part.length
  }
  return stored
}

export async function* encryptStream(
  bytes: AsyncIterable<Uint8Array>,
  { cipher, header }: Encryption,
): AsyncGenerator<Uint8Array> {
  const chunks = new Chunks(cipher)
  let parts: Uint8Array[] = [header]
  let partBytes = header.length
  for await (const some of bytes) {
    for (const part of chunks.add(some)) {
      parts.push(part)
      partBytes += part.length
      if (partBytes < PART_BYTES) continue
      yield Buffer.concat(parts, partBytes)
      parts = []
      partBytes = 0
    }
  }
  yield Buffer.concat([...parts, ...chunks.end()])
}

class Chunks {
  readonly #cipher: BlobCipher
  readonly #begun = Buffer.allocUnsafeSlow(CHUNK_BYTES)
  #begunBytes = 0
  #number = 0

  constructor(cipher: BlobCipher) {
    this.#cipher = cipher
  }

  /** The encrypted form of the chunks that are complete. */
  *add(bytes: Uint8Array): Generator<Uint8Array> {
    for (let at = 0; at < bytes.length; ) {
      if (this.#begunBytes === 0 && bytes.length - at >= CHUNK_BYTES) {
        yield* this.#encrypt(bytes.subarray(at, at + CHUNK_BYTES))
        at += CHUNK_BYTES
        continue
      }
      const some = bytes.subarray(at, at + CHUNK_BYTES - this.#begunBytes)
      this.#begun.set(some, this.#begunBytes)
      this.#begunBytes += some.length
      at += some.length
      if (this.#begunBytes < CHUNK_BYTES) continue
      yield* this.#encrypt(this.#begun)
      this.#begunBytes = 0
    }
  }

  /** The last chunk. */
  end(): readonly Uint8Array[] {
    const last = this.#cipher.encrypt(this.#begun.subarray(0, this.#begunBytes), { number: this.#number, isLast: true })
    this.#begun.fill(0)
    return last
  }

  #encrypt(chunk: Uint8Array): readonly Uint8Array[] {
    return this.#cipher.encrypt(chunk, { number: this.#number++, isLast: false })
  }
}
