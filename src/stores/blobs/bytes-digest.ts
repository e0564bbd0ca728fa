/** Counts and digests bytes on their way into a store. */
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

  /** Once, behind the last bytes. */
  end(): BlobDigest {
    return { sizeBytes: this.#sizeBytes, sha256: this.#hash.digest('hex') }
  }

  async *passing(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of bytes) {
      this.add(chunk)
      yield chunk
    }
  }
}
