/**
 * Cuts what is too much for one leaf: across the date in which it reaches farthest, compared with how far all of the space reaches,
 * at the median. A space of leaves cut so is a k-d tree without its inner nodes.
 */
import { type Entry, LACKING, SEQ, STUDY } from './entries.ts'
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

/** All entries of a space as leaves of at most `entriesMax`. */
export function buildLeaves(entries: readonly Entry[], entriesMax: number): readonly Leaf[] {
  const extents = extentsOf(entries)
  const done: Leaf[] = []
  const waiting: Leaf[] = emptySpace().map(({ cell }, lacks) => ({
    cell,
    entries: entries.filter((entry) => (entry.point[STUDY] === LACKING) === (lacks === 1)),
  }))
  for (let leaf = waiting.pop(); leaf !== undefined; leaf = waiting.pop()) {
    if (leaf.entries.length <= entriesMax) done.push(leaf)
    else waiting.push(...splitLeaf(leaf, { extents }))
  }
  return done
}

/**
 * @param options.extents how far the whole space reaches in each dimension.
 * @param options.added what made the leaf too large. Where it lies at the upper end, more will come there, as dates do: most of the
 * others are left in a leaf that is nearly full.
 */
export function splitLeaf(
  { cell, entries }: Leaf,
  options: { readonly extents: readonly number[]; readonly added?: Entry },
): readonly [Leaf, Leaf] {
  const reach = extentsOf(entries)
  let dimension = SEQ
  let farthest = 0
  for (let each = 0; each < SEQ; each++) {
    const share = reach[each]! / options.extents[each]!
    if (share > farthest) {
      dimension = each
      farthest = share
    }
  }
  const inOrder = entries.toSorted((a, b) => a.point[dimension]! - b.point[dimension]!)
  const isAtEnd = options.added?.point[dimension] === inOrder.at(-1)!.point[dimension]
  const at = cutBefore(
    inOrder.map(({ point }) => point[dimension]!),
    Math.floor(entries.length * (isAtEnd ? SHARE_LEFT_BEHIND : 0.5)),
  )
  const [low, high] = cut(cell, { dimension, at: inOrder[at]!.point[dimension]! })
  return [
    { cell: low, entries: inOrder.slice(0, at) },
    { cell: high, entries: inOrder.slice(at) },
  ]
}

/** Where equal values do not part, nearest to the place wanted: there is one, since the values reach. */
function cutBefore(values: readonly number[], wanted: number): number {
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
