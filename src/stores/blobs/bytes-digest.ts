/** Size and SHA-256 of bytes while they are written. */
import { createHash } from 'node:crypto'
import type { BlobDigest } from './blob-store.ts'

export class BytesDigest {
  readonly #hash = createHash('sha256')
  #sizeBytes = 0

  add(bytes: Uint8Array): this {
    this.#hash.update(bytes)
    this.#sizeBytes += bytes.byteLength
    return this
  }

  /** Call it once, after the last bytes. */
  end(): BlobDigest {
    return { sizeBytes: this.#sizeBytes, sha256: this.#hash.digest('hex') }
  }

  /** Adds the bytes and passes them on. */
  async *passing(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of bytes) {
      this.add(chunk)
      yield chunk
    }
  }
}
