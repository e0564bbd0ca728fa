/**
 * Splits what is too large for one leaf: at the median of the dimension in which it extends over the largest share of the partition's values.
 * The leaves of a partition are those of a k-d tree; its inner nodes are not stored.
 */
import {
  CREATED,
  DIMENSIONS,
  type Entries,
  type Entry,
  LACKING,
  pickEntries,
  ROW_ID,
  STUDY,
  UPDATED,
} from './entries.ts'
import { type Region, WHOLE } from './leaf-bounds.ts'
import { type Scale, scaleOf, shareBetween } from './scale.ts'

export interface Leaf {
  readonly region: Region
  readonly entries: readonly Entry[]
}

const DATES = [CREATED, UPDATED, STUDY]
const SHARE_LEFT_BEHIND = 0.9
const ENTRIES_PER_SCALE = 4_096

/** Image sets without a study timestamp never share a leaf with others. */
function emptyPartition(): readonly [Leaf, Leaf] {
  const [low, high] = splitRegion(WHOLE, { dimension: STUDY, at: LACKING })
  return [
    { region: low, entries: [] },
    { region: high, entries: [] },
  ]
}

/** Divides all entries of a partition into leaves of at most `entriesMax`. Ten million need little memory beside their columns. */
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
    const dimension = widestOf(extentOfPlaces(entries, next.places), extents)
    const values = entries.columns[dimension]!
    const middle = medianOf(values, next.places)
    const [lower, upper] = splitRegion(next.region, { dimension, at: middle })
    waiting.push({ region: upper, places: next.places.filter((place) => values[place]! >= middle) })
    waiting.push({ region: lower, places: next.places.filter((place) => values[place]! < middle) })
  }
}

/** The median, or the next value above the smallest: some value is always below it. */
function medianOf(column: Float64Array, places: Uint32Array): number {
  const values = new Float64Array(places.length)
  for (let at = 0; at < places.length; at++) values[at] = column[places[at]!]!
  values.sort()
  return values[splitIndex(values, values.length >> 1)]!
}

function scalesOf({ count, columns }: Entries): readonly Scale[] {
  const every = Math.ceil(count / ENTRIES_PER_SCALE)
  return columns.map((column) => scaleOf(column.filter((x, at) => at % every === 0 && x !== LACKING)))
}

interface Extent {
  readonly from: number
  readonly to: number
}

const extentOfPlaces = ({ columns }: Entries, places: Uint32Array): readonly Extent[] =>
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
 * The date in which the extent is the largest share of the partition's values. Where all values of a date are equal, the row id is used instead of
 * it: a sort by that date orders image sets by the row id.
 */
function widestOf(extent: readonly Extent[], scales: readonly Scale[]): number {
  const dates = DATES.filter((date) => extent[date]!.to > extent[date]!.from)
  const dimensions = dates.length < DATES.length ? [...dates, ROW_ID] : dates
  const shares = dimensions.map((each) => shareBetween(scales[each]!, extent[each]!.from, extent[each]!.to))
  return dimensions[shares.indexOf(Math.max(...shares))]!
}

/**
 * Splits a leaf until none of its parts is too large. Where the added entries are at the upper end, as with dates that only grow, more will
 * follow there: the split leaves a leaf behind that is nearly full.
 * @param options.extents a scale of the partition for each dimension.
 * @param options.added the row ids of the added entries.
 */
export function divideLeaf(
  leaf: Leaf,
  options: { readonly extents: readonly Scale[]; readonly entriesMax: number; readonly added: ReadonlySet<number> },
): readonly Leaf[] {
  const { region, entries } = leaf
  if (entries.length <= options.entriesMax) return [leaf]
  const dimension = widestOf(extentOf(entries), options.extents)
  const inOrder = entries.toSorted((a, b) => a.point[dimension]! - b.point[dimension]!)
  const isAtEnd = options.added.has(inOrder.at(-1)!.point[ROW_ID]!)
  const at = splitIndex(
    inOrder.map(({ point }) => point[dimension]!),
    Math.floor(isAtEnd ? SHARE_LEFT_BEHIND * options.entriesMax : entries.length / 2),
  )
  const [low, high] = splitRegion(region, { dimension, at: inOrder[at]!.point[dimension]! })
  return [
    { region: low, entries: inOrder.slice(0, at) },
    { region: high, entries: inOrder.slice(at) },
  ].flatMap((part) => divideLeaf(part, options))
}

/** The index nearest to the wanted one where the values on both sides differ. There is one, since not all values are equal. */
function splitIndex(values: ArrayLike<number>, wanted: number): number {
  for (let away = 0; away < values.length; away++) {
    for (const at of [wanted - away, wanted + away]) {
      if (at > 0 && at < values.length && values[at - 1] !== values[at]) return at
    }
  }
  throw new RangeError('all values are equal')
}

function splitRegion(region: Region, { dimension, at }: { dimension: number; at: number }): readonly [Region, Region] {
  return [
    { from: region.from, to: region.to.with(dimension, at) },
    { from: region.from.with(dimension, at), to: region.to },
  ]
}

const extentOf = (entries: readonly Entry[]): readonly Extent[] =>
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
