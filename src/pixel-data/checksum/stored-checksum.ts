/**
 * What the bytes of a stored frame are held against before they are sent: the sums of lane-sums.ts, what is left behind the last whole
 * block, the length and the number of the frame, in one CRC32. The number is in it so that another frame of the same instance, which a
 * damaged table may lead to, is not taken for this one.
 */
import { crc32 } from 'node:zlib'
import { BLOCK_BYTES, SUMS_BYTES, SummingMemory } from './lane-sums.ts'

const SCRATCH_BYTES = 64 * 1024

/** By their buffers. */
const memories = new WeakMap<ArrayBufferLike, SummingMemory>()
let scratch: SummingMemory | undefined

/** Memory for bytes whose checksum is wanted: elsewhere they are copied for it. It is not given back before all of it is unreachable. */
export function memoryForChecksums(sizeBytes: number): Uint8Array {
  const memory = new SummingMemory(sizeBytes)
  memories.set(memory.bytes.buffer, memory)
  return memory.bytes
}

export class StoredChecksum {
  readonly #frameNumber: number
  readonly #sums = new Uint8Array(SUMS_BYTES)
  /** Of a block that is not whole yet. */
  readonly #rest = new Uint8Array(BLOCK_BYTES)
  #restBytes = 0
  #lengthBytes = 0

  /** @param frameNumber from 1 */
  constructor(frameNumber: number) {
    this.#frameNumber = frameNumber
  }

  add(bytes: Uint8Array): this {
    this.#lengthBytes += bytes.length
    const fromRest = this.#restBytes === 0 ? 0 : this.#fillRest(bytes)
    const whole = (bytes.length - fromRest) & -BLOCK_BYTES
    this.#addBlocks(bytes.subarray(fromRest, fromRest + whole))
    if (fromRest + whole < bytes.length) this.#fillRest(bytes.subarray(fromRest + whole))
    return this
  }

  /** Once, behind the last bytes. A whole number of 32 bits. */
  end(): number {
    const length = new Uint8Array(new Float64Array([this.#lengthBytes]).buffer)
    return crc32(this.#rest.subarray(0, this.#restBytes), crc32(this.#sums, crc32(length, this.#frameNumber)))
  }

  /** Answers how many bytes it took. */
  #fillRest(bytes: Uint8Array): number {
    const taken = Math.min(BLOCK_BYTES - this.#restBytes, bytes.length)
    this.#rest.set(bytes.subarray(0, taken), this.#restBytes)
    this.#restBytes += taken
    if (this.#restBytes === BLOCK_BYTES) {
      this.#restBytes = 0
      this.#addBlocks(this.#rest)
    }
    return taken
  }

  #addBlocks(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    const memory = memories.get(bytes.buffer)
    if (memory !== undefined) {
      memory.addTo(this.#sums, bytes)
      return
    }
    scratch ??= new SummingMemory(SCRATCH_BYTES)
    for (let at = 0; at < bytes.length; at += SCRATCH_BYTES) {
      const some = bytes.subarray(at, at + SCRATCH_BYTES)
      scratch.bytes.set(some)
      scratch.addTo(this.#sums, scratch.bytes.subarray(0, some.length))
    }
  }
}

export const storedChecksum = (frameNumber: number, bytes: Uint8Array): number =>
  new StoredChecksum(frameNumber).add(bytes).end()
