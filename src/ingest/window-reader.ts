/** Reads ranges of blobs through a window of 1 MiB, because the next range usually follows the last one in the same blob. */
import type { ByteRange, ByteSource } from '../dicom/byte-source.ts'
import type { Range } from '../stores/blobs/blob-range.ts'
import { type BlobStore, readAll, readInto } from '../stores/blobs/blob-store.ts'

const WINDOW_BYTES = 1024 * 1024
const FIRST_WINDOW_BYTES = 32 * 1024
const GROWTH = 4

/** Not for concurrent reads. Holds one window, or one larger range. */
export class WindowReader {
  readonly #blobs: BlobStore
  readonly #firstBytes: number
  #windowBytes = 0
  #window: { readonly blobKey: string; readonly offsetBytes: number; readonly bytes: Uint8Array } | undefined

  /** @param first 'small' if the next range may not follow: the window is smaller until it does */
  constructor(blobs: BlobStore, first: 'small' | 'large' = 'large') {
    this.#blobs = blobs
    this.#firstBytes = first === 'small' ? FIRST_WINDOW_BYTES : WINDOW_BYTES
  }

  /** @throws if the blob does not contain the whole range: the catalog names only ranges that exist */
  async read({ blobKey, offsetBytes, lengthBytes }: Range): Promise<Uint8Array> {
    const held = this.#within(blobKey, offsetBytes, lengthBytes)
    if (held !== undefined) return held
    this.#windowBytes = this.#follows(blobKey, offsetBytes)
      ? Math.min(WINDOW_BYTES, this.#windowBytes * GROWTH)
      : this.#firstBytes
    const length = Math.max(lengthBytes, this.#windowBytes)
    const blob = await this.#blobs.open(blobKey, { start: offsetBytes, length })
    if (blob === undefined) throw new Error(`the blob ${blobKey} is missing`)
    this.#window = { blobKey, offsetBytes, bytes: await readAll(blob) }
    const read = this.#within(blobKey, offsetBytes, lengthBytes)
    if (read === undefined) throw new Error(`the blob ${blobKey} is too short`)
    return read
  }

  /** Whether the range follows the window, at most as far behind it as the window is long. */
  #follows(blobKey: string, offsetBytes: number): boolean {
    const window = this.#window
    if (window === undefined || window.blobKey !== blobKey) return false
    const after = offsetBytes - window.offsetBytes
    return after >= 0 && after <= 2 * window.bytes.length
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
