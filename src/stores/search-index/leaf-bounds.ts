/**
 * What is kept in memory of the leaves of one space: of each its cell and its box. Cells part the whole space, so that a point lies
 * in exactly one; they are half open, `from <= x < to`. A box is the least that holds the entries there are, both ends inclusive.
 */
import { DIMENSIONS, type Entries } from './entries.ts'

const SIZE = DIMENSIONS.length
/** Numbers per leaf: from and to of its cell, from and to of its box, then how many of its entries are primary. */
export const NUMBERS_PER_LEAF = SIZE * 4 + 1
const CELL_TO = SIZE
export const BOX_FROM = SIZE * 2
export const BOX_TO = SIZE * 3
/** NaN for a leaf that was written before they were counted. */
export const PRIMARIES = SIZE * 4

export interface Cell {
  readonly from: readonly number[]
  readonly to: readonly number[]
}

export const WHOLE: Cell = {
  from: DIMENSIONS.map(() => Number.NEGATIVE_INFINITY),
  to: DIMENSIONS.map(() => Number.POSITIVE_INFINITY),
}

/** A growing list of leaves; `at` is a place in it, and stays. */
export class LeafBounds {
  count = 0
  /** NUMBERS_PER_LEAF for each leaf. */
  numbers = new Float64Array(NUMBERS_PER_LEAF)
  readonly leaves: number[] = []
  readonly entryCounts: number[] = []
  readonly #places = new Map<number, number>()
  #lastFound = 0

  /** A leaf that is new, or that has changed. */
  set(leaf: number, entryCount: number, numbers: Float64Array): void {
    let at = this.#places.get(leaf)
    if (at === undefined) {
      at = this.count++
      this.#places.set(leaf, at)
      if (this.count * NUMBERS_PER_LEAF > this.numbers.length) {
        const grown = new Float64Array(this.numbers.length * 2)
        grown.set(this.numbers)
        this.numbers = grown
      }
      this.leaves[at] = leaf
    }
    this.entryCounts[at] = entryCount
    this.numbers.set(numbers, at * NUMBERS_PER_LEAF)
  }

  /** The leaf is not there after all. No point lies in it any more. */
  unset(leaf: number): void {
    const at = this.#places.get(leaf)
    if (at === undefined) return
    this.entryCounts[at] = 0
    this.numbers.fill(Number.NaN, at * NUMBERS_PER_LEAF, (at + 1) * NUMBERS_PER_LEAF)
  }

  /** The place of the leaf in whose cell the point lies; -1 where none is known. What comes in a row lies together: looked there first. */
  find(point: readonly number[]): number {
    if (this.#lastFound < this.count && this.#holds(this.#lastFound, point)) return this.#lastFound
    for (let at = 0; at < this.count; at++) {
      if (this.#holds(at, point)) {
        this.#lastFound = at
        return at
      }
    }
    return -1
  }

  #holds(at: number, point: readonly number[]): boolean {
    const start = at * NUMBERS_PER_LEAF
    for (let dimension = 0; dimension < SIZE; dimension++) {
      const x = point[dimension]!
      if (!(x >= this.numbers[start + dimension]! && x < this.numbers[start + CELL_TO + dimension]!)) return false
    }
    return true
  }

  cellAt(at: number): Cell {
    const start = at * NUMBERS_PER_LEAF
    return {
      from: [...this.numbers.subarray(start, start + SIZE)],
      to: [...this.numbers.subarray(start + CELL_TO, start + CELL_TO + SIZE)],
    }
  }

  /** How far the entries of all leaves reach in each dimension, those without a value left out. */
  extents(lacking: number): number[] {
    return DIMENSIONS.map((_, dimension) => {
      let from = Number.POSITIVE_INFINITY
      let to = Number.NEGATIVE_INFINITY
      for (let at = 0; at < this.count; at++) {
        if (this.entryCounts[at] === 0) continue
        const start = at * NUMBERS_PER_LEAF + dimension
        const [low, high] = [this.numbers[start + BOX_FROM]!, this.numbers[start + BOX_TO]!]
        if (high === lacking) continue
        if (low < from) from = low
        if (high > to) to = high
      }
      return Math.max(1, to - from)
    })
  }

  entryCount(): number {
    let sum = 0
    for (const count of this.entryCounts) sum += count
    return sum
  }
}

/** The numbers of a leaf with that cell and these entries. */
export function boundsOf(cell: Cell, { columns, isPrimary }: Entries): Float64Array {
  const numbers = new Float64Array(NUMBERS_PER_LEAF)
  numbers.set(cell.from)
  numbers.set(cell.to, CELL_TO)
  for (const [dimension, column] of columns.entries()) {
    let from = Number.POSITIVE_INFINITY
    let to = Number.NEGATIVE_INFINITY
    for (const x of column) {
      if (x < from) from = x
      if (x > to) to = x
    }
    numbers[BOX_FROM + dimension] = from
    numbers[BOX_TO + dimension] = to
  }
  let primaries = 0
  for (const each of isPrimary) primaries += each
  numbers[PRIMARIES] = primaries
  return numbers
}

export const encodeBounds = (numbers: Float64Array): Uint8Array => new Uint8Array(numbers.buffer)

export function decodeBounds(bytes: Uint8Array): Float64Array {
  const { buffer, byteOffset, byteLength } = bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes)
  const written = new Float64Array(buffer, byteOffset, byteLength / 8)
  if (written.length === NUMBERS_PER_LEAF) return written
  const numbers = new Float64Array(NUMBERS_PER_LEAF).fill(Number.NaN)
  numbers.set(written)
  return numbers
}
