/** Reads ranges of blobs through a window of 1 MiB, because the next range usually follows the last one in the same blob. */
import type { ByteRange, ByteSource } from '../dicom/byte-source.ts'
import type { Range } from '../stores/blobs/blob-range.ts'
import { type BlobStore, readAll, readInto } from '../stores/blobs/blob-store.ts'

const WINDOW_BYTES = 1024 * 1024

/** Not for concurrent reads. Holds one window, or one larger range. */
export class WindowReader {
  readonly #blobs: BlobStore
  #window: { readonly blobKey: string; readonly offsetBytes: number; readonly bytes: Uint8Array } | undefined

  constructor(blobs: BlobStore) {
    this.#blobs = blobs
  }

  /** @throws if the blob does not contain the whole range: the catalog names only ranges that exist */
  async read({ blobKey, offsetBytes, lengthBytes }: Range): Promise<Uint8Array> {
    const held = this.#within(blobKey, offsetBytes, lengthBytes)
    if (held !== undefined) return held
    const length = Math.max(lengthBytes, WINDOW_BYTES)
    const blob = await this.#blobs.open(blobKey, { start: offsetBytes, length })
    if (blob === undefined) throw new Error(`the blob ${blobKey} is missing`)
    this.#window = { blobKey, offsetBytes, bytes: await readAll(blob) }
    const read = this.#within(blobKey, offsetBytes, lengthBytes)
    if (read === undefined) throw new Error(`the blob ${blobKey} is too short`)
    return read
  }

  #within(blobKey: string, offsetBytes: number, lengthBytes: number): Uint8Array | undefined {
    const window = this.#window
    if (window === undefined || window.blobKey !== blobKey) return undefined
    const start = offsetBytes - window.offsetBytes
    if (start < 0 || start + lengthBytes > window.bytes.length) return undefined
    return window.bytes.subarray(start, start + lengthBytes)
  }
}

/** A blob as a ByteSource. Concurrent reads wait for each other, in the order of the calls. */
export function sourceOver(blobs: BlobStore, blobKey: string): ByteSource {
  const reader = new WindowReader(blobs)
  let last: Promise<unknown> = Promise.resolve()
  const read = (range: ByteRange) => {
    const reading = last.then(() => reader.read({ blobKey, ...range }))
    last = reading.catch(() => {})
    return reading
  }
  return {
    read,
    async readInto(range, memory) {
      if (range.lengthBytes < WINDOW_BYTES) return memory.set(await read(range))
      const blob = await blobs.open(blobKey, { start: range.offsetBytes, length: range.lengthBytes, into: memory })
      if (blob === undefined) throw new Error(`the blob ${blobKey} is missing`)
      const filled = await readInto(blob, memory)
      if (filled.length < memory.length) throw new Error(`the blob ${blobKey} is too short`)
    },
  }
}
