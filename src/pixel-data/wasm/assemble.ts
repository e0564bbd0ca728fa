/**
 * Assembles WebAssembly modules of a loop or two, for work on vectors of 16 bytes (WebAssembly Core Specification 2.0, chapter 5). A module
 * imports one memory and exports functions whose parameters are numbers of 32 bits.
 */

const PAGE_BYTES = 65_536
export const VECTOR_BYTES = 16

interface Memory {
  readonly buffer: ArrayBuffer
}
type Exports = Readonly<Record<string, (...parameters: number[]) => void>>
interface WebAssemblyApi {
  readonly Memory: new (descriptor: { readonly initial: number }) => Memory
  readonly Module: new (bytes: Uint8Array) => object
  readonly Instance: new (
    module: object,
    imports: { readonly m: { readonly m: Memory } },
  ) => { readonly exports: Exports }
}
const { Memory, Module, Instance } = (globalThis as unknown as { readonly WebAssembly: WebAssemblyApi }).WebAssembly

/** An instruction, or several. */
export type Code = readonly number[]

interface AssembledFunction {
  readonly name: string
  readonly parameters: number
  /** Their numbers follow those of the parameters. */
  readonly vectorLocals: number
  readonly code: Code
}

/** Instructions (5.4), those for vectors behind the prefix 0xfd. */
const I32 = 0x7f
const V128 = 0x7b
const NO_RESULT = 0x40
export const block: Code = [0x02, NO_RESULT]
export const loop: Code = [0x03, NO_RESULT]
export const end: Code = [0x0b]
export const get = (local: number): Code => [0x20, local]
export const set = (local: number): Code => [0x21, local]
export const tee = (local: number): Code => [0x22, local]
export const i32 = (value: number): Code => [0x41, ...signed(value)]
export const atLeast: Code = [0x4f]
export const plus: Code = [0x6a]
export const leaveIf = (depth: number): Code => [0x0d, depth]
export const repeat = (depth: number): Code => [0x0c, depth]
export const vectors = (opcode: number): Code => [0xfd, ...unsigned(opcode)]
export const loadVector = (offset: number): Code => [...vectors(0x00), 0, ...unsigned(offset)]
export const storeVector = (offset: number): Code => [...vectors(0x0b), 0, ...unsigned(offset)]
export const constantVector = (bytes: Code): Code => [...vectors(0x0c), ...bytes]

/** @returns a module, to be instantiated */
export function assemble(functions: readonly AssembledFunction[]): object {
  const name = (text: string) => [text.length, ...Buffer.from(text)]
  const section = (id: number, content: Code) => [id, ...unsigned(content.length), ...content]
  const counted = (items: readonly Code[]) => [...unsigned(items.length), ...items.flat()]
  const types = functions.map(({ parameters }) => [0x60, parameters, ...Array<number>(parameters).fill(I32), 0])
  const bodies = functions.map(({ vectorLocals, code }) => {
    const body = [1, vectorLocals, V128, ...code, ...end]
    return [...unsigned(body.length), ...body]
  })
  return new Module(
    Uint8Array.from([
      ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
      ...section(1, counted(types)),
      ...section(2, [1, ...name('m'), ...name('m'), 0x02, 0x00, 1]),
      ...section(3, counted(functions.map((_, type) => [type]))),
      ...section(7, counted(functions.map((each, at) => [...name(each.name), 0x00, at]))),
      ...section(10, counted(bodies)),
    ]),
  )
}

/** With memory of its own. */
export function instantiate(
  module: object,
  { memoryBytes }: { readonly memoryBytes: number },
): { readonly memory: ArrayBuffer; readonly exports: Exports } {
  const memory = new Memory({ initial: Math.ceil(memoryBytes / PAGE_BYTES) })
  return { memory: memory.buffer, exports: new Instance(module, { m: { m: memory } }).exports }
}

/** LEB128 (5.2.2). */
function unsigned(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)]
}

function signed(value: number): number[] {
  return value < 0x40 ? [value] : [(value & 0x7f) | 0x80, ...signed(value >>> 7)]
}
