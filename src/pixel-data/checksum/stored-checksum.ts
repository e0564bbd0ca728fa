/**
 * The checksum of a stored frame, verified before its bytes are sent: one CRC32 of the sums of lane-sums.ts, the bytes behind the last
 * whole block, the length and the frame number. The number is included because a damaged frame table may lead to another frame of the same
 * instance.
 */
import { crc32 } from 'node:zlib'
import { BLOCK_BYTES, SUMS_BYTES, SummingMemory } from './lane-sums.ts'

const SCRATCH_BYTES = 64 * 1024

/** By buffer. */
const memories = new WeakMap<ArrayBufferLike, SummingMemory>()
let scratch: SummingMemory | undefined

/** Memory whose bytes are summed in place; bytes elsewhere are copied first. It is freed when nothing refers to it. */
export function memoryForChecksums(sizeBytes: number): Uint8Array {
  const memory = new SummingMemory(sizeBytes)
  memories.set(memory.bytes.buffer, memory)
  return memory.bytes
}

export class StoredChecksum {
  readonly #frameNumber: number
  readonly #sums = new Uint8Array(SUMS_BYTES)
  /** The bytes behind the last whole block. */
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

  /** An unsigned number of 32 bits. Called once, after all bytes were added. */
  end(): number {
    const length = new Uint8Array(new Float64Array([this.#lengthBytes]).buffer)
    return crc32(this.#rest.subarray(0, this.#restBytes), crc32(this.#sums, crc32(length, this.#frameNumber)))
  }

  /** Returns how many bytes it took. */
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
