/**
 * The bounds of the leaves of one partition, in memory: the region and the bounding box of each. Each point is in exactly one region; regions
 * are half open, `from <= x < to`. A bounding box is the smallest that holds the entries of the leaf, both ends inclusive.
 */
import assert from 'node:assert/strict'
import { arrangedPlaces } from './arrange-leaves.ts'
import { BOX_FROM, BOX_TO, LEAVES_PER_GROUP, NUMBERS_PER_LEAF } from './bounds-layout.ts'
import { DIMENSIONS, type Entries } from './entries.ts'
import { type Scale, scaleOf } from './scale.ts'

const SIZE = DIMENSIONS.length
const REGION_TO = SIZE
const LEAVES_PER_SCALE = 512
/** The distribution of a partition changes slowly: scales are computed again after this growth of the number of leaves. */
const EXTENTS_GROWTH = 1.02

export interface Region {
  readonly from: readonly number[]
  readonly to: readonly number[]
}

export const WHOLE: Region = {
  from: DIMENSIONS.map(() => Number.NEGATIVE_INFINITY),
  to: DIMENSIONS.map(() => Number.POSITIVE_INFINITY),
}

/** A group whose leaves are not in memory: CachedLeaves reads them again. */
export interface MissingGroup {
  readonly bounds: LeafBounds
  readonly group: number
}

/**
 * A list of leaves that only grows: the index `at` of a leaf changes only when they are arranged. What a group of them has in common stays in memory; the bounds of
 * its leaves can be dropped and read again. Meanwhile those of the group only grow, so that nothing in it is missed.
 */
export class LeafBounds {
  readonly partition: number
  count = 0
  /** Their numbers, those after the first `#arranged.length` ascending: a new leaf has a greater one than all before. */
  readonly leaves: number[] = []
  /** Places of the first leaves, in the order of their numbers. */
  #arranged = new Uint32Array(0)
  #lastLeaf = -1
  readonly entryCounts: number[] = []
  /** Of each group, NUMBERS_PER_LEAF for each leaf; undefined while they are dropped. */
  readonly #numbers: (Float64Array | undefined)[] = []
  /** For each group, as for a leaf: the smallest box around the regions of its leaves, and around their bounding boxes. */
  #groups = new Float64Array(NUMBERS_PER_LEAF)
  readonly #groupsToSum = new Set<number>()
  /** Groups that were opened since the last call of `drop`. */
  readonly #opened = new Set<number>()
  #entryCount = 0
  #extents: { readonly count: number; readonly scales: readonly Scale[] } | undefined
  /** How many leaves have their bounds in memory. */
  loaded = 0

  /** @param partition whose leaves they are */
  constructor(partition = 0) {
    this.partition = partition
  }

  /** Adds a leaf or replaces its bounds. */
  set(leaf: number, entryCount: number, numbers: Float64Array): void {
    let at = this.#placeOf(leaf)
    if (at === undefined) {
      assert(leaf > this.#lastLeaf, 'leaves are added in the order of their numbers')
      this.#lastLeaf = leaf
      at = this.count++
      this.leaves[at] = leaf
      if (at % LEAVES_PER_GROUP === 0) this.#addGroup()
      if (this.isLoaded(groupOf(at))) this.loaded += 1
    }
    this.#count(at, entryCount)
    const group = groupOf(at)
    const held = this.#heldFor(at)
    if (held === undefined) this.#widenGroup(group, numbers, entryCount)
    else {
      held.set(numbers, (at % LEAVES_PER_GROUP) * NUMBERS_PER_LEAF)
      this.#groupsToSum.add(group)
    }
  }

  #placeOf(leaf: number): number | undefined {
    const placeAt = (at: number) => this.#arranged[at] ?? at
    let [low, high] = [0, this.count]
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.leaves[placeAt(middle)]! < leaf) low = middle + 1
      else high = middle
    }
    const place = placeAt(low)
    return this.leaves[place] === leaf ? place : undefined
  }

  /** Before leaves are dropped, while all are in memory, once: places of leaves change. */
  arrange(): void {
    if (this.#arranged.length > 0 || this.groupCount < 2 || this.loaded < this.count) return
    const numbers = new Float64Array(this.count * NUMBERS_PER_LEAF)
    for (const [group, some] of this.#numbers.entries()) {
      const start = group * LEAVES_PER_GROUP * NUMBERS_PER_LEAF
      numbers.set(some!.subarray(0, Math.min(some!.length, numbers.length - start)), start)
    }
    const places = arrangedPlaces(numbers)
    const [leaves, entryCounts] = [[...this.leaves], [...this.entryCounts]]
    this.#arranged = new Uint32Array(this.count)
    for (const [at, place] of places.entries()) {
      this.leaves[at] = leaves[place]!
      this.entryCounts[at] = entryCounts[place]!
      // The leaves were in the order of their numbers.
      this.#arranged[place] = at
      const [start, from] = [(at % LEAVES_PER_GROUP) * NUMBERS_PER_LEAF, place * NUMBERS_PER_LEAF]
      this.#numbers[groupOf(at)]!.set(numbers.subarray(from, from + NUMBERS_PER_LEAF), start)
    }
    for (let group = 0; group < this.groupCount; group++) this.#groupsToSum.add(group)
  }

  /** The numbers of the group of a leaf, with room for the leaf: most partitions have few. */
  #heldFor(at: number): Float64Array | undefined {
    const held = this.#numbers[groupOf(at)]
    const leaves = (at % LEAVES_PER_GROUP) + 1
    if (held === undefined || held.length >= leaves * NUMBERS_PER_LEAF) return held
    const grown = new Float64Array(Math.max(held.length * 2, leaves * NUMBERS_PER_LEAF))
    grown.set(held)
    this.#numbers[groupOf(at)] = grown
    return grown
  }

  #addGroup(): void {
    this.#numbers.push(new Float64Array(NUMBERS_PER_LEAF))
    if (this.groupCount * NUMBERS_PER_LEAF <= this.#groups.length) return
    const grown = new Float64Array(this.groupCount * NUMBERS_PER_LEAF * 2)
    grown.set(this.#groups)
    this.#groups = grown
  }

  #count(at: number, entryCount: number): void {
    this.#entryCount += entryCount - (this.entryCounts[at] ?? 0)
    this.entryCounts[at] = entryCount
  }

  has(leaf: number): boolean {
    return this.#placeOf(leaf) !== undefined
  }

  isLoaded(group: number): boolean {
    return this.#numbers[group] !== undefined
  }

  /** The numbers of the leaves of a group that is loaded, one after the other. */
  numbersOf(group: number): Float64Array {
    const numbers = this.#numbers[group]
    assert(numbers, 'a group is loaded before its leaves are looked at')
    this.#opened.add(group)
    return numbers
  }

  leavesOf(group: number): readonly number[] {
    return this.leaves.slice(group * LEAVES_PER_GROUP, (group + 1) * LEAVES_PER_GROUP)
  }

  /** @param numbers of each leaf that exists, by its number */
  load(group: number, numbers: ReadonlyMap<number, Float64Array>): void {
    const leaves = this.leavesOf(group)
    const held = new Float64Array(leaves.length * NUMBERS_PER_LEAF).fill(Number.NaN)
    for (const [at, leaf] of leaves.entries()) {
      const some = numbers.get(leaf)
      if (some !== undefined) held.set(some, at * NUMBERS_PER_LEAF)
    }
    if (!this.isLoaded(group)) this.loaded += leaves.length
    this.#numbers[group] = held
    this.#groupsToSum.add(group)
  }

  /** Drops the bounds of leaves in groups that were not opened since the last call, until so few leaves are left. @returns how many it has dropped */
  drop(leaves: number): number {
    this.groups()
    let dropped = 0
    for (let group = 0; group < this.groupCount && dropped < leaves; group++) {
      if (!this.isLoaded(group) || this.#opened.has(group)) continue
      this.#numbers[group] = undefined
      dropped += this.leavesOf(group).length
    }
    this.loaded -= dropped
    if (dropped < leaves) this.#opened.clear()
    return dropped
  }

  /**
   * The index of the leaf whose region holds the point; undefined where there is none.
   * @param from the first group that is looked at: the one that was missing, after it was loaded
   */
  find(point: readonly number[], from = 0): number | MissingGroup | undefined {
    const groups = this.groups()
    for (let group = from; group < this.groupCount; group++) {
      if (!holds(groups, group * NUMBERS_PER_LEAF, point)) continue
      if (!this.isLoaded(group)) return { bounds: this, group }
      const first = group * LEAVES_PER_GROUP
      const last = Math.min(this.count, first + LEAVES_PER_GROUP)
      const numbers = this.numbersOf(group)
      for (let at = first; at < last; at++) {
        if (holds(numbers, (at - first) * NUMBERS_PER_LEAF, point)) return at
      }
    }
    return undefined
  }

  /** Of a leaf in a group that is loaded. */
  regionAt(at: number): Region {
    const numbers = this.numbersOf(groupOf(at))
    const start = (at % LEAVES_PER_GROUP) * NUMBERS_PER_LEAF
    return {
      from: [...numbers.subarray(start, start + SIZE)],
      to: [...numbers.subarray(start + REGION_TO, start + REGION_TO + SIZE)],
    }
  }

  /** A scale for each dimension, from the edges of the bounding boxes of all leaves with entries, or of a sample; of those in memory. */
  extents(lacking: number): readonly Scale[] {
    const isKnown = this.#extents !== undefined && this.loaded * 2 < this.count
    if (!isKnown && (this.#extents === undefined || this.count > this.#extents.count * EXTENTS_GROWTH)) {
      this.#extents = { count: this.count, scales: this.#scales(lacking) }
    }
    return this.#extents!.scales
  }

  #scales(lacking: number): readonly Scale[] {
    const every = Math.ceil(this.count / LEAVES_PER_SCALE)
    return DIMENSIONS.map((_, dimension) => {
      const edges: number[] = []
      let from = Number.POSITIVE_INFINITY
      let to = Number.NEGATIVE_INFINITY
      for (let at = 0; at < this.count; at++) {
        const numbers = this.#numbers[groupOf(at)]
        if (numbers === undefined || this.entryCounts[at] === 0) continue
        const start = (at % LEAVES_PER_GROUP) * NUMBERS_PER_LEAF + dimension
        const [low, high] = [numbers[start + BOX_FROM]!, numbers[start + BOX_TO]!]
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
    return this.#numbers.length
  }

  /** The numbers of groups, as for leaves. */
  groups(): Float64Array {
    for (const group of this.#groupsToSum) if (this.isLoaded(group)) this.#sumGroup(group)
    this.#groupsToSum.clear()
    return this.#groups
  }

  #sumGroup(group: number): void {
    const to = group * NUMBERS_PER_LEAF
    for (const low of [0, BOX_FROM]) this.#groups.fill(Number.POSITIVE_INFINITY, to + low, to + low + SIZE)
    for (const high of [REGION_TO, BOX_TO]) this.#groups.fill(Number.NEGATIVE_INFINITY, to + high, to + high + SIZE)
    const first = group * LEAVES_PER_GROUP
    const last = Math.min(this.count, first + LEAVES_PER_GROUP)
    const numbers = this.#numbers[group]!
    for (let at = first; at < last; at++) {
      const start = (at - first) * NUMBERS_PER_LEAF
      this.#widenGroup(group, numbers.subarray(start, start + NUMBERS_PER_LEAF), this.entryCounts[at]!)
    }
  }

  #widenGroup(group: number, numbers: Float64Array, entryCount: number): void {
    const to = group * NUMBERS_PER_LEAF
    for (let dimension = 0; dimension < SIZE; dimension++) {
      this.#widen(to + dimension, numbers, dimension, REGION_TO)
      if (entryCount > 0) this.#widen(to + BOX_FROM + dimension, numbers, BOX_FROM + dimension, SIZE)
    }
  }

  /** @param high the distance from the lower end to the upper one. NaN, of a leaf that was not there to load, widens nothing. */
  #widen(low: number, numbers: Float64Array, from: number, high: number): void {
    if (numbers[from]! < this.#groups[low]!) this.#groups[low] = numbers[from]!
    if (numbers[from + high]! > this.#groups[low + high]!) this.#groups[low + high] = numbers[from + high]!
  }
}

const groupOf = (at: number): number => Math.floor(at / LEAVES_PER_GROUP)

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
