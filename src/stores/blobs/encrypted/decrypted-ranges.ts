/**
 * A cache of decrypted ranges, since decryption costs more than a read from the page cache. A range is kept when it is read a second time, so
 * that a single pass over many frames costs no memory. All ranges of a data store are overwritten when its data key expires.
 */

/** Of recently read ranges, to recognize the second read. */
const SEEN_MAX = 4_096

interface Decrypted {
  readonly datastoreId: string
  readonly bytes: Uint8Array
}

export class DecryptedRanges {
  readonly #bytesMax: number
  /** The most recently used last. */
  readonly #ranges = new Map<string, Decrypted>()
  readonly #seen = new Set<string>()
  #sizeBytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get(name: string): Uint8Array | undefined {
    const found = this.#ranges.get(name)
    if (found === undefined) return undefined
    this.#ranges.delete(name)
    this.#ranges.set(name, found)
    return found.bytes
  }

  /** Copies the bytes if the range was read before. */
  add(name: string, { datastoreId, bytes }: Decrypted): void {
    if (bytes.length > this.#bytesMax / 8 || this.#ranges.has(name)) return
    if (!this.#seen.delete(name)) {
      if (this.#seen.size >= SEEN_MAX) this.#seen.delete(this.#seen.values().next().value!)
      this.#seen.add(name)
      return
    }
    this.#sizeBytes += bytes.length
    this.#ranges.set(name, { datastoreId, bytes: Uint8Array.from(bytes) })
    for (const [oldest] of this.#ranges) {
      if (this.#sizeBytes <= this.#bytesMax) break
      this.#remove(oldest)
    }
  }

  /** The blob was removed or replaced. @param start of the names of its ranges */
  removeAll(start: string): void {
    for (const name of this.#ranges.keys()) if (name.startsWith(start)) this.#remove(name)
  }

  expire(datastoreId: string): void {
    for (const [name, range] of this.#ranges) if (range.datastoreId === datastoreId) this.#remove(name)
  }

  #remove(name: string): void {
    const { bytes } = this.#ranges.get(name)!
    this.#ranges.delete(name)
    this.#sizeBytes -= bytes.length
    bytes.fill(0)
  }
}
