/**
 * The bounds of the leaves of one partition, in memory: the region and the bounding box of each. Each point is in exactly one region; regions
 * are half open, `from <= x < to`. A bounding box is the smallest that holds the entries of the leaf, both ends inclusive.
 */
import { DIMENSIONS, type Entries } from './entries.ts'
import { type Scale, scaleOf } from './scale.ts'

const SIZE = DIMENSIONS.length
const LEAVES_PER_SCALE = 512
/** The distribution of a partition changes slowly: scales are computed again after this growth of the number of leaves. */
const EXTENTS_GROWTH = 1.02
/** Consecutive leaves whose common bounds are compared first. */
export const LEAVES_PER_GROUP = 64
/** Numbers per leaf: from and to of its region, then from and to of its bounding box. */
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

/** A list of leaves that only grows: the index `at` of a leaf never changes. */
export class LeafBounds {
  count = 0
  /** NUMBERS_PER_LEAF for each leaf. */
  numbers = new Float64Array(NUMBERS_PER_LEAF)
  readonly leaves: number[] = []
  readonly entryCounts: number[] = []
  /** As `numbers`, for each group: the smallest box around the regions of its leaves, and around their bounding boxes. */
  #groups = new Float64Array(NUMBERS_PER_LEAF)
  readonly #groupsToSum = new Set<number>()
  #entryCount = 0
  readonly #places = new Map<number, number>()
  #extents: { readonly count: number; readonly scales: readonly Scale[] } | undefined

  /** Adds a leaf or replaces its bounds. */
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

  /** For a leaf that does not exist after a rollback: no point is in it. */
  unset(leaf: number): void {
    const at = this.#places.get(leaf)
    if (at === undefined) return
    this.#count(at, 0)
    this.numbers.fill(Number.NaN, at * NUMBERS_PER_LEAF, (at + 1) * NUMBERS_PER_LEAF)
  }

  /** The index of the leaf whose region holds the point; -1 where there is none. */
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

  /** A scale for each dimension, from the edges of the bounding boxes of all leaves with entries, or of a sample. */
  extents(lacking: number): readonly Scale[] {
    if (this.#extents === undefined || this.count > this.#extents.count * EXTENTS_GROWTH) {
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

  /** As `numbers`, for groups. */
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

  /** @param high the distance from the lower end to the upper one. NaN, from `unset`, widens nothing. */
  #widen(low: number, from: number, high: number): void {
    if (this.numbers[from]! < this.#groups[low]!) this.#groups[low] = this.numbers[from]!
    if (this.numbers[from + high]! > this.#groups[low + high]!) this.#groups[low + high] = this.numbers[from + high]!
  }
}

/** Whether the region whose numbers begin at `start` holds the point. */
function holds(numbers: Float64Array, start: number, point: readonly number[]): boolean {
  for (let dimension = 0; dimension < SIZE; dimension++) {
    const x = point[dimension]!
    if (!(x >= numbers[start + dimension]! && x < numbers[start + REGION_TO + dimension]!)) return false
  }
  return true
}

/** The numbers of a leaf with that region and these entries. */
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
