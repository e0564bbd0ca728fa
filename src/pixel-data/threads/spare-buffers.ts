/**
 * Memory for files and frames, lent and given back. What is given back is used again, or freed at once: the garbage collector looks at
 * its own small heap and lets hundreds of megabytes of buffers pile up beside it.
 */

/** Smaller ones are left to the garbage collector: they come cheaper new. */
const SMALLEST_KEPT_BYTES = 64 * 1024
const LARGEST_KEPT_BYTES = 4 * 1024 ** 2

export class SpareBuffers {
  readonly #keptBytesMax: number
  /** By capacity. */
  readonly #kept = new Map<number, ArrayBuffer[]>()
  #keptBytes = 0

  constructor({ keptBytesMax }: { readonly keptBytesMax: number }) {
    this.#keptBytesMax = keptBytesMax
  }

  /** What lies in it is undefined: bytes of an earlier loan, perhaps. */
  lend(sizeBytes: number): Uint8Array<ArrayBuffer> {
    const capacity = capacityFor(sizeBytes)
    const kept = this.#kept.get(capacity)?.pop()
    if (kept !== undefined) this.#keptBytes -= capacity
    return new Uint8Array(kept ?? newMemory(capacity), 0, sizeBytes)
  }

  /** Nobody may look at it from here on. Only for what was lent here, whole or a view of it. */
  giveBack({ buffer }: Uint8Array<ArrayBuffer>): void {
    const capacity = buffer.byteLength
    if (capacity < SMALLEST_KEPT_BYTES) return
    const isKept = capacity <= LARGEST_KEPT_BYTES && this.#keptBytes + capacity <= this.#keptBytesMax
    if (!isKept) {
      free(buffer)
      return
    }
    const same = this.#kept.get(capacity)
    if (same === undefined) this.#kept.set(capacity, [buffer])
    else same.push(buffer)
    this.#keptBytes += capacity
  }

  /** Keeps nothing for later. */
  empty(): void {
    for (const buffers of this.#kept.values()) for (const buffer of buffers) free(buffer)
    this.#kept.clear()
    this.#keptBytes = 0
  }
}

/** Powers of two and their halves between, so that buffers of files of much the same size fit each other. */
function capacityFor(sizeBytes: number): number {
  if (sizeBytes < SMALLEST_KEPT_BYTES || sizeBytes > LARGEST_KEPT_BYTES) return sizeBytes
  for (let capacity = SMALLEST_KEPT_BYTES; ; capacity *= 2) {
    if (capacity >= sizeBytes) return capacity
    if (capacity * 1.5 >= sizeBytes) return capacity * 1.5
  }
}

/**
 * A resizable buffer has pages of its own, which go back to the system when it is freed. Others come from the heap of the C library, where
 * what is freed between small allocations stays with the process: some 50 MB after an import.
 */
const newMemory = (sizeBytes: number): ArrayBuffer =>
  sizeBytes < SMALLEST_KEPT_BYTES
    ? new ArrayBuffer(sizeBytes)
    : new ArrayBuffer(sizeBytes, { maxByteLength: sizeBytes })

/** Gives memory back now, where there is enough of it. Nobody may look at it from here on. */
export function free(buffer: ArrayBuffer): void {
  if (buffer.byteLength >= SMALLEST_KEPT_BYTES) buffer.transferToFixedLength(0)
}
