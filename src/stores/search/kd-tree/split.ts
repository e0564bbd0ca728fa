/**
 * Cuts what is too much for one leaf: across the date in which it reaches past the largest part of the space, at the median. A space
 * of leaves cut so is a k-d tree without its inner nodes.
 */
import { CREATED, DIMENSIONS, type Entries, type Entry, LACKING, pickEntries, SEQ, STUDY, UPDATED } from './entries.ts'
import { type Region, WHOLE } from './leaf-bounds.ts'
import { partBetween, type Scale, scaleOf } from './scale.ts'

export interface Leaf {
  readonly region: Region
  readonly entries: readonly Entry[]
}

const DATES = [CREATED, UPDATED, STUDY]
const SHARE_LEFT_BEHIND = 0.9
const ENTRIES_PER_SCALE = 4_096

/** What lacks a study instant never shares a leaf with what has one: so a leaf is wholly the one or the other. */
function emptyPartition(): readonly [Leaf, Leaf] {
  const [low, high] = cut(WHOLE, { dimension: STUDY, at: LACKING })
  return [
    { region: low, entries: [] },
    { region: high, entries: [] },
  ]
}

/** All entries of a space as leaves of at most `entriesMax`; ten million at once need no more than their columns and their places. */
export function* buildLeaves(
  entries: Entries,
  entriesMax: number,
): Generator<{ readonly region: Region; readonly bytes: Uint8Array }> {
  const studies = entries.columns[STUDY]!
  const places = Uint32Array.from(studies.keys())
  const lacking = places.filter((place) => studies[place] === LACKING)
  const dated = places.filter((place) => studies[place] !== LACKING)
  const extents = scalesOf(entries)
  const [low, high] = emptyPartition()
  const waiting = [
    { region: high.region, places: lacking },
    { region: low.region, places: dated },
  ]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (next.places.length <= entriesMax) {
      yield { region: next.region, bytes: pickEntries(entries, next.places) }
      continue
    }
    const dimension = farthestOf(reachOfPlaces(entries, next.places), extents)
    const values = entries.columns[dimension]!
    const middle = medianOf(values, next.places)
    const [lower, upper] = cut(next.region, { dimension, at: middle })
    waiting.push({ region: upper, places: next.places.filter((place) => values[place]! >= middle) })
    waiting.push({ region: lower, places: next.places.filter((place) => values[place]! < middle) })
  }
}

/** The median, or the next value above the least: below it is always something. */
function medianOf(column: Float64Array, places: Uint32Array): number {
  const values = new Float64Array(places.length)
  for (let at = 0; at < places.length; at++) values[at] = column[places[at]!]!
  values.sort()
  return values[cutBefore(values, values.length >> 1)]!
}

function scalesOf({ count, columns }: Entries): readonly Scale[] {
  const every = Math.ceil(count / ENTRIES_PER_SCALE)
  return columns.map((column) => scaleOf(column.filter((x, at) => at % every === 0 && x !== LACKING)))
}

interface Reach {
  readonly from: number
  readonly to: number
}

const reachOfPlaces = ({ columns }: Entries, places: Uint32Array): readonly Reach[] =>
  columns.map((column) => {
    let from = Number.POSITIVE_INFINITY
    let to = Number.NEGATIVE_INFINITY
    for (let at = 0; at < places.length; at++) {
      const x = column[places[at]!]!
      if (x < from) from = x
      if (x > to) to = x
    }
    return { from, to }
  })

/**
 * The date in which something reaches past the largest part of the space. Where it does not reach at all in one of the dates, seq
 * stands in for that: image sets that share a date come in order of seq when it is sorted by.
 */
function farthestOf(reach: readonly Reach[], extents: readonly Scale[]): number {
  const dates = DATES.filter((date) => reach[date]!.to > reach[date]!.from)
  const dimensions = dates.length < DATES.length ? [...dates, SEQ] : dates
  const parts = dimensions.map((each) => partBetween(extents[each]!, reach[each]!.from, reach[each]!.to))
  return dimensions[parts.indexOf(Math.max(...parts))]!
}

/**
 * Cuts a leaf until no part of it is too large. Where what was added lies at the upper end, more will come there, as dates do: most
 * of the others are left in a leaf that is nearly full.
 * @param options.extents how the whole space is spread in each dimension.
 * @param options.added the seqs of what made the leaf too large.
 */
export function divideLeaf(
  leaf: Leaf,
  options: { readonly extents: readonly Scale[]; readonly entriesMax: number; readonly added: ReadonlySet<number> },
): readonly Leaf[] {
  const { region, entries } = leaf
  if (entries.length <= options.entriesMax) return [leaf]
  const dimension = farthestOf(reachOf(entries), options.extents)
  const inOrder = entries.toSorted((a, b) => a.point[dimension]! - b.point[dimension]!)
  const isAtEnd = options.added.has(inOrder.at(-1)!.point[SEQ]!)
  const at = cutBefore(
    inOrder.map(({ point }) => point[dimension]!),
    Math.floor(isAtEnd ? SHARE_LEFT_BEHIND * options.entriesMax : entries.length / 2),
  )
  const [low, high] = cut(region, { dimension, at: inOrder[at]!.point[dimension]! })
  return [
    { region: low, entries: inOrder.slice(0, at) },
    { region: high, entries: inOrder.slice(at) },
  ].flatMap((part) => divideLeaf(part, options))
}

/** Where equal values do not part, nearest to the place wanted: there is one, since the values reach. */
function cutBefore(values: ArrayLike<number>, wanted: number): number {
  for (let away = 0; away < values.length; away++) {
    for (const at of [wanted - away, wanted + away]) {
      if (at > 0 && at < values.length && values[at - 1] !== values[at]) return at
    }
  }
  throw new RangeError('all values are equal')
}

function cut(region: Region, { dimension, at }: { dimension: number; at: number }): readonly [Region, Region] {
  return [
    { from: region.from, to: region.to.with(dimension, at) },
    { from: region.from.with(dimension, at), to: region.to },
  ]
}

const reachOf = (entries: readonly Entry[]): readonly Reach[] =>
  DIMENSIONS.map((_, dimension) => {
    let from = Number.POSITIVE_INFINITY
    let to = Number.NEGATIVE_INFINITY
    for (const { point } of entries) {
      const x = point[dimension]!
      if (x < from) from = x
      if (x > to) to = x
    }
    return { from, to }
  })
