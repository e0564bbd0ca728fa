/**
 * Sums over bytes, close to the speed of memory (decision 10 has the measurements). The bytes are taken in blocks of 128: 16 words of 64
 * bits, little endian, one for each of 16 lanes.
 *
 * - Each lane has the sum of its words modulo 2^64.
 * - In each block, the words of even lanes and those of odd lanes are added up modulo 2^64. Both totals are split into halves of 32 bits.
 *   Each half has two sums, as Fletcher's checksum has: that of its values, and that of all values which the first sum has had.
 *
 * A change of one or two words always changes the sums. Two changes in different lanes change the sums of these lanes. Two changes in one
 * lane that cancel there change the totals of two blocks by opposite amounts, and so the second sums: a half differs by less than 2^32, for
 * fewer than 2^32 blocks.
 *
 * WebAssembly, because it adds two words in one instruction.
 */

import {
  assemble,
  atLeast,
  block,
  constantVector,
  end,
  get,
  i32,
  instantiate,
  leaveIf,
  loadVector,
  loop,
  plus,
  repeat,
  set,
  storeVector,
  tee,
  VECTOR_BYTES,
  vectors,
} from '../wasm/assemble.ts'

const LANE_VECTORS = 8
/** First and second sums, each of low and high halves. */
const HALF_VECTORS = 4
export const BLOCK_BYTES = LANE_VECTORS * VECTOR_BYTES
/** The sums of the lanes; then the first sums of low halves, of high halves, and the second sums of both. 64 bits each, little endian. */
export const SUMS_BYTES = (LANE_VECTORS + HALF_VECTORS) * VECTOR_BYTES

/** The sums are at the start of the memory, the bytes behind them. */
const BYTES_START = 1_024

let compiled: object | undefined

/** Memory whose bytes can be summed in place. */
export class SummingMemory {
  /** For the caller to use. */
  readonly bytes: Uint8Array
  readonly #sums: Uint8Array
  readonly #add: (sums: number, from: number, to: number) => void

  constructor(sizeBytes: number) {
    compiled ??= assemble([{ name: 'add', parameters: 3, vectorLocals: VECTOR_LOCALS, code: adding() }])
    const { memory, exports } = instantiate(compiled, { memoryBytes: BYTES_START + sizeBytes })
    this.bytes = new Uint8Array(memory, BYTES_START, sizeBytes)
    this.#sums = new Uint8Array(memory, 0, SUMS_BYTES)
    this.#add = exports.add!
  }

  /** Adds to `sums`. @param bytes a view of this memory, of whole blocks */
  addTo(sums: Uint8Array, bytes: Uint8Array): void {
    this.#sums.set(sums)
    this.#add(0, bytes.byteOffset, bytes.byteOffset + bytes.length)
    sums.set(this.#sums)
  }
}

/** Parameters of `add`, and then its locals, each a vector of two words. */
const [SUMS, FROM, TO] = [0, 1, 2]
const LANES = Array.from({ length: LANE_VECTORS }, (_, at) => 3 + at)
const [LOW, HIGH, LOW_SUM, HIGH_SUM, TOTAL, WORDS, LOW_HALVES] = [11, 12, 13, 14, 15, 16, 17]
const KEPT = [...LANES, LOW, HIGH, LOW_SUM, HIGH_SUM]
const VECTOR_LOCALS = KEPT.length + 3
const HALF_BITS = 32

const addVectors = vectors(0xce)
const andVectors = vectors(0x4e)
const shiftRight = vectors(0xcd)

/** `add(sums, from, to)`: loads the sums, adds each block, and stores them. */
function adding(): number[] {
  const lowHalves = [255, 255, 255, 255, 0, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 0]
  const addWords = LANES.flatMap((lane, at) => [
    ...[get(FROM), loadVector(at * VECTOR_BYTES), tee(WORDS), get(lane), addVectors, set(lane)].flat(),
    ...(at === 0 ? [get(WORDS), set(TOTAL)] : [get(TOTAL), get(WORDS), addVectors, set(TOTAL)]).flat(),
  ])
  const addHalves = [
    ...[get(TOTAL), get(LOW_HALVES), andVectors, get(LOW), addVectors, tee(LOW)].flat(),
    ...[get(LOW_SUM), addVectors, set(LOW_SUM)].flat(),
    ...[get(TOTAL), i32(HALF_BITS), shiftRight, get(HIGH), addVectors, tee(HIGH)].flat(),
    ...[get(HIGH_SUM), addVectors, set(HIGH_SUM)].flat(),
  ]
  return [
    ...KEPT.flatMap((local, at) => [get(SUMS), loadVector(at * VECTOR_BYTES), set(local)].flat()),
    ...[constantVector(lowHalves), set(LOW_HALVES)].flat(),
    ...[block, loop, get(FROM), get(TO), atLeast, leaveIf(1)].flat(),
    ...addWords,
    ...addHalves,
    ...[get(FROM), i32(BLOCK_BYTES), plus, set(FROM), repeat(0), end, end].flat(),
    ...KEPT.flatMap((local, at) => [get(SUMS), get(local), storeVector(at * VECTOR_BYTES)].flat()),
  ]
}
