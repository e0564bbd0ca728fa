/**
 * The least and the greatest of many whole numbers, 16 bytes at a time in WebAssembly: a loop in JavaScript takes more than ten times as long, a
 * tenth of the time to encode the frame that the numbers are of.
 */
import {
  assemble,
  atLeast,
  block,
  type Code,
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

export type Cells = Uint8Array | Int8Array | Uint16Array | Int16Array | Uint32Array | Int32Array

interface Extremes {
  readonly min: number
  readonly max: number
}

/** The opcodes of the least and the greatest of two vectors, by the kind of their numbers. */
const OPCODES = {
  Int8Array: [0x76, 0x78],
  Uint8Array: [0x77, 0x79],
  Int16Array: [0x96, 0x98],
  Uint16Array: [0x97, 0x99],
  Int32Array: [0xb6, 0xb8],
  Uint32Array: [0xb7, 0xb9],
} as const

/** Of one round of the loop: two pairs of results, since each instruction waits for the one before. */
const VECTORS = 4
const ROUND_BYTES = VECTORS * VECTOR_BYTES
/** The results are at the start of the memory; the numbers behind them, which are copied there. */
const RESULTS = 4
const START = RESULTS * VECTOR_BYTES
const COPIED_BYTES = 32 * 1024

type Measure = (from: number, to: number) => void

interface Measuring {
  readonly memory: Uint8Array<ArrayBuffer>
  readonly measures: Readonly<Record<keyof typeof OPCODES, Measure>>
}

let measuring: Measuring | undefined

/** @returns 0 for both if there is no cell */
export function extremesOf(cells: Cells): Extremes {
  if (cells.length === 0) return { min: 0, max: 0 }
  const wholeBytes = cells.byteLength - (cells.byteLength % ROUND_BYTES)
  const rest = cells.subarray(wholeBytes / cells.BYTES_PER_ELEMENT)
  return extremesOfFew(wholeBytes === 0 ? rest : [...extremesOfWhole(cells, wholeBytes), ...rest])
}

function extremesOfFew(values: ArrayLike<number>): Extremes {
  let [min, max] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]
  for (let index = 0; index < values.length; index++) {
    const value = values[index]!
    if (value < min) min = value
    if (value > max) max = value
  }
  return { min, max }
}

/** Numbers among which the least and the greatest are. */
function extremesOfWhole(cells: Cells, wholeBytes: number): Cells {
  measuring ??= startMeasuring()
  const { memory, measures } = measuring
  const kind = cells.constructor as new (buffer: ArrayBuffer, offset: number, length: number) => Cells
  const measure = measures[kind.name as keyof typeof OPCODES]
  const bytes = new Uint8Array(cells.buffer, cells.byteOffset, wholeBytes)
  // Every result begins as one of the numbers.
  for (let at = 0; at < RESULTS; at++) memory.set(bytes.subarray(0, VECTOR_BYTES), at * VECTOR_BYTES)
  for (let at = 0; at < wholeBytes; at += COPIED_BYTES) {
    const some = bytes.subarray(at, at + COPIED_BYTES)
    memory.set(some, START)
    measure(START, START + some.length)
  }
  return new kind(memory.buffer, 0, START / cells.BYTES_PER_ELEMENT)
}

function startMeasuring(): Measuring {
  const names = Object.keys(OPCODES) as (keyof typeof OPCODES)[]
  const module = assemble(
    names.map((name) => ({ name, parameters: 2, vectorLocals: RESULTS + 1, code: measuringCode(OPCODES[name]) })),
  )
  const { memory, exports } = instantiate(module, { memoryBytes: START + COPIED_BYTES })
  return { memory: new Uint8Array(memory), measures: exports as Measuring['measures'] }
}

/** Parameters, and then locals. */
const [FROM, TO] = [0, 1]
const LEAST = [2, 3]
const GREATEST = [4, 5]
const VALUES = 6

/** `measure(from, to)`: loads the results, compares each round of vectors, and stores the results. */
function measuringCode([least, greatest]: readonly [number, number]): Code {
  const results = [...LEAST, ...GREATEST]
  const zero = i32(0)
  const compare = (at: number) => [
    ...[get(FROM), loadVector(at * VECTOR_BYTES), tee(VALUES), get(LEAST[at % 2]!), vectors(least)],
    ...[set(LEAST[at % 2]!), get(VALUES), get(GREATEST[at % 2]!), vectors(greatest), set(GREATEST[at % 2]!)],
  ]
  return [
    ...results.flatMap((local, at) => [zero, loadVector(at * VECTOR_BYTES), set(local)]),
    ...[block, loop, get(FROM), get(TO), atLeast, leaveIf(1)],
    ...Array.from({ length: VECTORS }, (_, at) => compare(at)).flat(),
    ...[get(FROM), i32(ROUND_BYTES), plus, set(FROM), repeat(0), end, end],
    ...results.flatMap((local, at) => [zero, get(local), storeVector(at * VECTOR_BYTES)]),
  ].flat()
}
