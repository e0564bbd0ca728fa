/**
 * What is kept in memory of the leaves of one space: of each its cell and its box. Cells part the whole space, so that a point lies
 * in exactly one; they are half open, `from <= x < to`. A box is the least that holds the entries there are, both ends inclusive.
 */
import { CREATED, DIMENSIONS, type Entries } from './entries.ts'
import { type Scale, scaleOf } from './scale.ts'

const SIZE = DIMENSIONS.length
const LEAVES_PER_SCALE = 512
/** How a space is spread changes slowly: told anew when it has so many times the leaves that it had. */
const EXTENTS_HOLD = 1.02
/** Leaves that lie one after the other in the list are looked at together first. */
export const LEAVES_PER_GROUP = 64
/** Numbers per leaf: from and to of its cell, then from and to of its box. */
export const NUMBERS_PER_LEAF = SIZE * 4
const CELL_TO = SIZE
export const BOX_FROM = SIZE * 2
export const BOX_TO = SIZE * 3

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
  /** Of each group the least box that holds those of its leaves, where in NUMBERS_PER_LEAF a leaf has its own. */
  #groups = new Float64Array(NUMBERS_PER_LEAF)
  readonly #groupsToSum = new Set<number>()
  #entryCount = 0
  readonly #places = new Map<number, number>()
  #extents: { readonly count: number; readonly scales: readonly Scale[] } | undefined
  /** The places whose cells hold the createdAt that was looked for last. */
  #slab: { readonly createdAt: number; readonly places: readonly number[] } | undefined

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
    this.#count(at, entryCount)
    this.numbers.set(numbers, at * NUMBERS_PER_LEAF)
    this.#slab = undefined
  }

  #count(at: number, entryCount: number): void {
    this.#entryCount += entryCount - (this.entryCounts[at] ?? 0)
    this.entryCounts[at] = entryCount
    this.#groupsToSum.add(Math.floor(at / LEAVES_PER_GROUP))
  }

  /** The leaf is not there after all. No point lies in it any more. */
  unset(leaf: number): void {
    const at = this.#places.get(leaf)
    if (at === undefined) return
    this.#count(at, 0)
    this.numbers.fill(Number.NaN, at * NUMBERS_PER_LEAF, (at + 1) * NUMBERS_PER_LEAF)
    this.#slab = undefined
  }

  /**
   * The place of the leaf in whose cell the point lies; -1 where none is known. What is published together has one createdAt, so the
   * leaves that may hold it are looked up once for all of it.
   */
  find(point: readonly number[]): number {
    const createdAt = point[CREATED]!
    if (this.#slab?.createdAt !== createdAt) this.#slab = { createdAt, places: this.#placesOfCreated(createdAt) }
    return this.#slab.places.find((at) => this.#holds(at, point)) ?? -1
  }

  #placesOfCreated(createdAt: number): readonly number[] {
    const places: number[] = []
    for (let at = 0, start = CREATED; at < this.count; at++, start += NUMBERS_PER_LEAF) {
      if (createdAt >= this.numbers[start]! && createdAt < this.numbers[start + CELL_TO]!) places.push(at)
    }
    return places
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

  /** A scale for each dimension, of the boxes' edges: those of all leaves that hold something, or of every so many. */
  extents(lacking: number): readonly Scale[] {
    if (this.#extents === undefined || this.count > this.#extents.count * EXTENTS_HOLD) {
      this.#extents = { count: this.count, scales: this.#scales(lacking) }
    }
    return this.#extents.scales
  }

  #scales(lacking: number): readonly Scale[] {
    const every = Math.ceil(this.count / LEAVES_PER_SCALE)
    return DIMENSIONS.map((_, dimension) => {
      const edges: number[] = []
      let from = Number.POSITIVE_INFINITY
      let to = Number.NEGATIVE_INFINITY
      for (let at = 0; at < this.count; at++) {
        if (this.entryCounts[at] === 0) continue
        const start = at * NUMBERS_PER_LEAF + dimension
        const [low, high] = [this.numbers[start + BOX_FROM]!, this.numbers[start + BOX_TO]!]
        if (high === lacking) continue
        if (low < from) from = low
        if (high > to) to = high
        if (at % every === 0) edges.push(low, high)
      }
      return scaleOf(from > to ? [] : [from, ...edges, to])
    })
  }

  entryCount(): number {
    return this.#entryCount
  }

  get groupCount(): number {
    return Math.ceil(this.count / LEAVES_PER_GROUP)
  }

  /** As `numbers`, of the groups: their boxes. */
  groups(): Float64Array {
    if (this.groupCount * NUMBERS_PER_LEAF > this.#groups.length) {
      const grown = new Float64Array(this.groupCount * NUMBERS_PER_LEAF * 2)
      grown.set(this.#groups)
      this.#groups = grown
    }
    for (const group of this.#groupsToSum) this.#sumGroup(group)
    this.#groupsToSum.clear()
    return this.#groups
  }

  #sumGroup(group: number): void {
    const to = group * NUMBERS_PER_LEAF
    this.#groups.fill(Number.POSITIVE_INFINITY, to + BOX_FROM, to + BOX_FROM + SIZE)
    this.#groups.fill(Number.NEGATIVE_INFINITY, to + BOX_TO, to + BOX_TO + SIZE)
    const last = Math.min(this.count, (group + 1) * LEAVES_PER_GROUP)
    for (let at = group * LEAVES_PER_GROUP; at < last; at++) {
      if (this.entryCounts[at] === 0) continue
      for (let dimension = 0; dimension < SIZE; dimension++) {
        const [low, high] = [to + BOX_FROM + dimension, to + BOX_TO + dimension]
        const start = at * NUMBERS_PER_LEAF + dimension
        this.#groups[low] = Math.min(this.#groups[low]!, this.numbers[start + BOX_FROM]!)
        this.#groups[high] = Math.max(this.#groups[high]!, this.numbers[start + BOX_TO]!)
      }
    }
  }
}

/** The numbers of a leaf with that cell and these entries. */
export function boundsOf(cell: Cell, { columns }: Entries): Float64Array {
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
  return numbers
}

export const encodeBounds = (numbers: Float64Array): Uint8Array => new Uint8Array(numbers.buffer)

export function decodeBounds(bytes: Uint8Array): Float64Array {
  const { buffer, byteOffset } = bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes)
  return new Float64Array(buffer, byteOffset, NUMBERS_PER_LEAF)
}
