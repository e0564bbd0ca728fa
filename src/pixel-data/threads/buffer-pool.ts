/**
 * A pool of memory for files and frames. A buffer that is given back is lent again or freed at once: the garbage collector looks at its own
 * small heap only, and lets hundreds of megabytes of unused buffers accumulate outside it; or it collects garbage, with all of the heap, for every
 * few dozen megabytes of new ones.
 */

/** Smaller buffers are left to the garbage collector. */
const SMALLEST_KEPT_BYTES = 4 * 1024
/** Smaller ones are not worth pages of their own. */
const SMALLEST_OF_PAGES_BYTES = 64 * 1024
const LARGEST_KEPT_BYTES = 4 * 1024 ** 2

export class BufferPool {
  readonly #keptBytesMax: number
  /** By capacity. */
  readonly #kept = new Map<number, ArrayBuffer[]>()
  #keptBytes = 0

  constructor({ keptBytesMax }: { readonly keptBytesMax: number }) {
    this.#keptBytesMax = keptBytesMax
  }

  /** The content is undefined and may be that of an earlier loan. */
  lend(sizeBytes: number): Uint8Array<ArrayBuffer> {
    const capacity = capacityFor(sizeBytes)
    const kept = this.#kept.get(capacity)?.pop()
    if (kept !== undefined) this.#keptBytes -= capacity
    return new Uint8Array(kept ?? newMemory(capacity), 0, sizeBytes)
  }

  /** Not to be used afterwards. @param bytes what was lent, or a view of it; other memory is freed */
  giveBack({ buffer }: Uint8Array<ArrayBuffer>): void {
    const capacity = buffer.byteLength
    if (capacity < SMALLEST_KEPT_BYTES) return
    const fits = capacity <= LARGEST_KEPT_BYTES && this.#keptBytes + capacity <= this.#keptBytesMax
    // Other memory would never be lent again.
    const isKept = fits && capacity === capacityFor(capacity)
    if (!isKept) {
      free(buffer)
      return
    }
    const same = this.#kept.get(capacity)
    if (same === undefined) this.#kept.set(capacity, [buffer])
    else same.push(buffer)
    this.#keptBytes += capacity
  }

  /** Frees all buffers that are not lent. */
  empty(): void {
    for (const buffers of this.#kept.values()) for (const buffer of buffers) free(buffer)
    this.#kept.clear()
    this.#keptBytes = 0
  }
}

/** Powers of two and 1.5 times those, so that files of similar size share buffers. */
function capacityFor(sizeBytes: number): number {
  if (sizeBytes < SMALLEST_KEPT_BYTES || sizeBytes > LARGEST_KEPT_BYTES) return sizeBytes
  for (let capacity = SMALLEST_KEPT_BYTES; ; capacity *= 2) {
    if (capacity >= sizeBytes) return capacity
    if (capacity * 1.5 >= sizeBytes) return capacity * 1.5
  }
}

/**
 * A resizable buffer has its own pages, which return to the system when it is freed. Other buffers come from the heap of the C library,
 * which keeps freed memory between small allocations: about 50 MB after an import.
 */
const newMemory = (sizeBytes: number): ArrayBuffer =>
  sizeBytes < SMALLEST_OF_PAGES_BYTES
    ? new ArrayBuffer(sizeBytes)
    : new ArrayBuffer(sizeBytes, { maxByteLength: sizeBytes })

/** Frees the memory now, unless it is small. Not to be used afterwards. */
export function free(buffer: ArrayBuffer): void {
  if (buffer.byteLength >= SMALLEST_OF_PAGES_BYTES) buffer.transferToFixedLength(0)
}
