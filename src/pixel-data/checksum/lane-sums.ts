/**
 * Sums over bytes, as fast as memory gives them: a CRC32 of half a megabyte takes half as long as all of a GetImageFrame besides (decision
 * 10 has the measurements). The bytes are taken as words of four, little endian, in turn for eight lanes. Each lane has two sums modulo
 * 2^64, as Fletcher's checksum has: that of its words, and that of all values which the first sum has had. So any change of one or two
 * words changes the sums, and so do words that changed places.
 *
 * WebAssembly, because a processor adds four words at once there; assembled here, since it is one loop.
 */

/** Words of the eight lanes, twice. */
export const BLOCK_BYTES = 64
/** Four times two sums of lanes and two sums of these, 64 bits each, little endian. */
export const SUMS_BYTES = 128

const PAGE_BYTES = 65_536
/** In the memory the sums come first; what is added up lies behind them. */
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

/** Memory in which bytes are added up where they lie. */
export class SummingMemory {
  /** Whose it is to use. */
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

  /** @param sums of what came before, to which these are added; `bytes` are a view of this memory and whole blocks */
  addTo(sums: Uint8Array, bytes: Uint8Array): void {
    this.#sums.set(sums)
    this.#add(0, bytes.byteOffset, bytes.byteOffset + bytes.length)
    sums.set(this.#sums)
  }
}

const PAIRS = 4
const PAIR_BYTES = 8
const VECTOR_BYTES = 16

/** Parameters of `add`, and behind them its locals: for each pair of lanes the sum of words and the sum of sums. */
const [SUMS, FROM, TO] = [0, 1, 2]
const words = (pair: number) => 3 + 2 * pair
const sums = (pair: number) => 4 + 2 * pair

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
/** Two words, each of them widened to 64 bits. */
const loadWords = (offset: number) => [0xfd, 0x06, 0, ...unsigned(offset)]
const addLanes = [0xfd, 0xce, 0x01]

/** `add(sums, from, to)`: for each block, each pair of lanes twice. */
function assembled(): Uint8Array {
  const pairs = Array.from({ length: PAIRS }, (_, pair) => pair)
  const slot = (pair: number, at: 0 | 1) => (2 * pair + at) * VECTOR_BYTES
  const offsets = Array.from({ length: BLOCK_BYTES / PAIR_BYTES }, (_, at) => at * PAIR_BYTES)
  const body = [
    ...[1, 2 * PAIRS, V128],
    ...pairs.flatMap((pair) => [
      ...[get(SUMS), loadVector(slot(pair, 0)), set(words(pair))].flat(),
      ...[get(SUMS), loadVector(slot(pair, 1)), set(sums(pair))].flat(),
    ]),
    ...[block, loop, get(FROM), get(TO), atLeast, leaveIf(1)].flat(),
    ...offsets.flatMap((offset, at) => {
      const pair = at % PAIRS
      const added = [get(words(pair)), get(FROM), loadWords(offset), addLanes, tee(words(pair))]
      return [get(sums(pair)), ...added, addLanes, set(sums(pair))].flat()
    }),
    ...[get(FROM), i32(BLOCK_BYTES), plus, set(FROM), repeat(0), end, end].flat(),
    ...pairs.flatMap((pair) => [
      ...[get(SUMS), get(words(pair)), storeVector(slot(pair, 0))].flat(),
      ...[get(SUMS), get(sums(pair)), storeVector(slot(pair, 1))].flat(),
    ]),
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
