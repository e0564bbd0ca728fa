/**
 * What is kept in memory of the leaves of one space: of each its cell and its box. Regions part the whole space, so that a point lies
 * in exactly one; they are half open, `from <= x < to`. A box is the least that holds the entries there are, both ends inclusive.
 */
import { DIMENSIONS, type Entries } from './entries.ts'
import { type Scale, scaleOf } from './scale.ts'

const SIZE = DIMENSIONS.length
const LEAVES_PER_SCALE = 512
/** How a space is spread changes slowly: told anew when it has so many times the leaves that it had. */
const EXTENTS_HOLD = 1.02
/** Leaves that lie one after the other in the list are looked at together first. */
export const LEAVES_PER_GROUP = 64
/** Numbers per leaf: from and to of its cell, then from and to of its box. */
export const NUMBERS_PER_LEAF = SIZE * 4
const REGION_TO = SIZE
export const BOX_FROM = SIZE * 2
export const BOX_TO = SIZE * 3

export interface Region {
  readonly from: readonly number[]
  readonly to: readonly number[]
}

export const WHOLE: Region = {
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
  /** As `numbers`, of each group: the least box around the cells of its leaves, and the least around their boxes. */
  #groups = new Float64Array(NUMBERS_PER_LEAF)
  readonly #groupsToSum = new Set<number>()
  #entryCount = 0
  readonly #places = new Map<number, number>()
  #extents: { readonly count: number; readonly scales: readonly Scale[] } | undefined

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
  }

  /** The place of the leaf in whose cell the point lies; -1 where none is known. */
  find(point: readonly number[]): number {
    const groups = this.groups()
    for (let group = 0; group < this.groupCount; group++) {
      if (!holds(groups, group * NUMBERS_PER_LEAF, point)) continue
      const last = Math.min(this.count, (group + 1) * LEAVES_PER_GROUP)
      for (let at = group * LEAVES_PER_GROUP; at < last; at++) {
        if (holds(this.numbers, at * NUMBERS_PER_LEAF, point)) return at
      }
    }
    return -1
  }

  regionAt(at: number): Region {
    const start = at * NUMBERS_PER_LEAF
    return {
      from: [...this.numbers.subarray(start, start + SIZE)],
      to: [...this.numbers.subarray(start + REGION_TO, start + REGION_TO + SIZE)],
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

  /** As `numbers`, of the groups; where a leaf has its cell, a group has the least box around those of its leaves. */
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
    for (const low of [0, BOX_FROM]) this.#groups.fill(Number.POSITIVE_INFINITY, to + low, to + low + SIZE)
    for (const high of [REGION_TO, BOX_TO]) this.#groups.fill(Number.NEGATIVE_INFINITY, to + high, to + high + SIZE)
    const last = Math.min(this.count, (group + 1) * LEAVES_PER_GROUP)
    for (let at = group * LEAVES_PER_GROUP; at < last; at++) {
      const start = at * NUMBERS_PER_LEAF
      for (let dimension = 0; dimension < SIZE; dimension++) {
        this.#widen(to + dimension, start + dimension, REGION_TO)
        if (this.entryCounts[at]! > 0) this.#widen(to + BOX_FROM + dimension, start + BOX_FROM + dimension, SIZE)
      }
    }
  }

  /** @param high how far behind the lower end the upper one stands. A leaf that is not there after all widens nothing: it has NaN. */
  #widen(low: number, from: number, high: number): void {
    if (this.numbers[from]! < this.#groups[low]!) this.#groups[low] = this.numbers[from]!
    if (this.numbers[from + high]! > this.#groups[low + high]!) this.#groups[low + high] = this.numbers[from + high]!
  }
}

/** Whether the point lies in the cell whose numbers begin there. */
function holds(numbers: Float64Array, start: number, point: readonly number[]): boolean {
  for (let dimension = 0; dimension < SIZE; dimension++) {
    const x = point[dimension]!
    if (!(x >= numbers[start + dimension]! && x < numbers[start + REGION_TO + dimension]!)) return false
  }
  return true
}

/** The numbers of a leaf with that cell and these entries. */
export function boundsOf(region: Region, { columns }: Entries): Float64Array {
  const numbers = new Float64Array(NUMBERS_PER_LEAF)
  numbers.set(region.from)
  numbers.set(region.to, REGION_TO)
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
