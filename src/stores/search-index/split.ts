/**
 * Cuts what is too much for one leaf: across the date in which it reaches farthest, compared with how far all of the space reaches,
 * at the median. A space of leaves cut so is a k-d tree without its inner nodes.
 */
import { type Entries, type Entry, LACKING, pickEntries, SEQ, STUDY } from './entries.ts'
import { type Cell, WHOLE } from './leaf-bounds.ts'

export interface Leaf {
  readonly cell: Cell
  readonly entries: readonly Entry[]
}

const SHARE_LEFT_BEHIND = 0.9

/** What lacks a study instant never shares a leaf with what has one: so a leaf is wholly the one or the other. */
export function emptySpace(): readonly [Leaf, Leaf] {
  const [low, high] = cut(WHOLE, { dimension: STUDY, at: LACKING })
  return [
    { cell: low, entries: [] },
    { cell: high, entries: [] },
  ]
}

/** All entries of a space as leaves of at most `entriesMax`; ten million at once need no more than their columns and their places. */
export function* buildLeaves(
  entries: Entries,
  entriesMax: number,
): Generator<{ readonly cell: Cell; readonly bytes: Uint8Array }> {
  const studies = entries.columns[STUDY]!
  const places = Uint32Array.from(studies.keys())
  const lacking = places.filter((place) => studies[place] === LACKING)
  const dated = places.filter((place) => studies[place] !== LACKING)
  const extents = extentsOfPlaces(entries, places).map((extent) => Math.max(1, extent))
  const [low, high] = emptySpace()
  const waiting = [
    { cell: high.cell, places: lacking },
    { cell: low.cell, places: dated },
  ]
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    if (next.places.length <= entriesMax) {
      yield { cell: next.cell, bytes: pickEntries(entries, next.places) }
      continue
    }
    const dimension = farthestOf(extentsOfPlaces(entries, next.places), extents)
    const values = entries.columns[dimension]!
    const middle = medianOf(values, next.places)
    const [lower, upper] = cut(next.cell, { dimension, at: middle })
    waiting.push({ cell: upper, places: next.places.filter((place) => values[place]! >= middle) })
    waiting.push({ cell: lower, places: next.places.filter((place) => values[place]! < middle) })
  }
}

/** The median, or the next value above the least: below it is always something. */
function medianOf(column: Float64Array, places: Uint32Array): number {
  const values = new Float64Array(places.length)
  for (let at = 0; at < places.length; at++) values[at] = column[places[at]!]!
  values.sort()
  return values[cutBefore(values, values.length >> 1)]!
}

function extentsOfPlaces({ columns }: Entries, places: Uint32Array): number[] {
  return columns.map((column) => {
    let from = Number.POSITIVE_INFINITY
    let to = Number.NEGATIVE_INFINITY
    for (let at = 0; at < places.length; at++) {
      const x = column[places[at]!]!
      if (x === LACKING) continue
      if (x < from) from = x
      if (x > to) to = x
    }
    return Math.max(0, to - from)
  })
}

/** The date in which something reaches farthest, in parts of the extents; seq where it does not reach in any. */
function farthestOf(reach: readonly number[], extents: readonly number[]): number {
  let dimension = SEQ
  let farthest = 0
  for (let each = 0; each < SEQ; each++) {
    const share = reach[each]! / extents[each]!
    if (share > farthest) {
      dimension = each
      farthest = share
    }
  }
  return dimension
}

/**
 * Cuts a leaf until no part of it is too large. Where what was added lies at the upper end, more will come there, as dates do: most
 * of the others are left in a leaf that is nearly full.
 * @param options.extents how far the whole space reaches in each dimension.
 * @param options.added the seqs of what made the leaf too large.
 */
export function divideLeaf(
  leaf: Leaf,
  options: { readonly extents: readonly number[]; readonly entriesMax: number; readonly added: ReadonlySet<number> },
): readonly Leaf[] {
  const { cell, entries } = leaf
  if (entries.length <= options.entriesMax) return [leaf]
  const dimension = farthestOf(extentsOf(entries), options.extents)
  const inOrder = entries.toSorted((a, b) => a.point[dimension]! - b.point[dimension]!)
  const isAtEnd = options.added.has(inOrder.at(-1)!.point[SEQ]!)
  const at = cutBefore(
    inOrder.map(({ point }) => point[dimension]!),
    Math.floor(isAtEnd ? SHARE_LEFT_BEHIND * options.entriesMax : entries.length / 2),
  )
  const [low, high] = cut(cell, { dimension, at: inOrder[at]!.point[dimension]! })
  return [
    { cell: low, entries: inOrder.slice(0, at) },
    { cell: high, entries: inOrder.slice(at) },
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

function cut(cell: Cell, { dimension, at }: { dimension: number; at: number }): readonly [Cell, Cell] {
  return [
    { from: cell.from, to: cell.to.with(dimension, at) },
    { from: cell.from.with(dimension, at), to: cell.to },
  ]
}

function extentsOf(entries: readonly Entry[]): number[] {
  return [0, 1, 2, 3].map((dimension) => {
    let from = Number.POSITIVE_INFINITY
    let to = Number.NEGATIVE_INFINITY
    for (const { point } of entries) {
      const x = point[dimension]!
      if (x === LACKING) continue
      if (x < from) from = x
      if (x > to) to = x
    }
    return Math.max(0, to - from)
  })
}
