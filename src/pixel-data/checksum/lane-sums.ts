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
 * WebAssembly, because it adds two words in one instruction; assembled here, since it is one loop.
 */

const VECTOR_BYTES = 16
const LANE_VECTORS = 8
/** First and second sums, each of low and high halves. */
const HALF_VECTORS = 4
export const BLOCK_BYTES = LANE_VECTORS * VECTOR_BYTES
/** The sums of the lanes; then the first sums of low halves, of high halves, and the second sums of both. 64 bits each, little endian. */
export const SUMS_BYTES = (LANE_VECTORS + HALF_VECTORS) * VECTOR_BYTES

const PAGE_BYTES = 65_536
/** The sums are at the start of the memory, the bytes behind them. */
const BYTES_START = 1_024

interface Memory {
  readonly buffer: ArrayBuffer
}
interface WebAssemblyApi {
  readonly Memory: new (descriptor: { readonly initial: number }) => Memory
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (
    module: object,
    imports: { readonly m: { readonly m: Memory } },
  ) => { readonly exports: { readonly add: (sums: number, from: number, to: number) => void } }
}
const { Memory, Module, Instance } = (globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }).WebAssembly

let compiled: object | undefined

/** Memory whose bytes can be summed in place. */
export class SummingMemory {
  /** For the caller to use. */
  readonly bytes: Uint8Array
  readonly #sums: Uint8Array
  readonly #add: (sums: number, from: number, to: number) => void

  constructor(sizeBytes: number) {
    compiled ??= new Module(assembled())
    const memory = new Memory({ initial: Math.ceil((BYTES_START + sizeBytes) / PAGE_BYTES) })
    this.bytes = new Uint8Array(memory.buffer, BYTES_START, sizeBytes)
    this.#sums = new Uint8Array(memory.buffer, 0, SUMS_BYTES)
    this.#add = new Instance(compiled, { m: { m: memory } }).exports.add
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

/** Instructions (WebAssembly Core Specification 2.0, chapter 5.4), those for vectors behind the prefix 0xfd. */
const I32 = 0x7f
const V128 = 0x7b
const NO_RESULT = 0x40
const block = [0x02, NO_RESULT]
const loop = [0x03, NO_RESULT]
const end = [0x0b]
const get = (local: number) => [0x20, local]
const set = (local: number) => [0x21, local]
const tee = (local: number) => [0x22, local]
const i32 = (value: number) => [0x41, ...signed(value)]
const atLeast = [0x4f]
const plus = [0x6a]
const leaveIf = (depth: number) => [0x0d, depth]
const repeat = (depth: number) => [0x0c, depth]
const loadVector = (offset: number) => [0xfd, 0x00, 0, ...unsigned(offset)]
const storeVector = (offset: number) => [0xfd, 0x0b, 0, ...unsigned(offset)]
const constantVector = (bytes: readonly number[]) => [0xfd, 0x0c, ...bytes]
const addVectors = [0xfd, 0xce, 0x01]
const andVectors = [0xfd, 0x4e]
const shiftRight = [0xfd, 0xcd, 0x01]

/** `add(sums, from, to)`: loads the sums, adds each block, and stores them. */
function assembled(): Uint8Array {
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
  const body = [
    ...[1, VECTOR_LOCALS, V128],
    ...KEPT.flatMap((local, at) => [get(SUMS), loadVector(at * VECTOR_BYTES), set(local)].flat()),
    ...[constantVector(lowHalves), set(LOW_HALVES)].flat(),
    ...[block, loop, get(FROM), get(TO), atLeast, leaveIf(1)].flat(),
    ...addWords,
    ...addHalves,
    ...[get(FROM), i32(BLOCK_BYTES), plus, set(FROM), repeat(0), end, end].flat(),
    ...KEPT.flatMap((local, at) => [get(SUMS), get(local), storeVector(at * VECTOR_BYTES)].flat()),
    ...end,
  ]
  const name = (text: string) => [text.length, ...Buffer.from(text)]
  const section = (id: number, content: readonly number[]) => [id, ...unsigned(content.length), ...content]
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 3, I32, I32, I32, 0]),
    ...section(2, [1, ...name('m'), ...name('m'), 0x02, 0x00, 1]),
    ...section(3, [1, 0]),
    ...section(7, [1, ...name('add'), 0x00, 0]),
    ...section(10, [1, ...unsigned(body.length), ...body]),
  ])
}

/** LEB128 (5.2.2). */
function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)]
}

function signed(value: number): number[] {
  return value < 0x40 ? [value] : [(value & 0x7f) | 0x80, ...signed(value >>> 7)]
}
