/** The filters of a search as numbers, to compare with bounds and entries of leaves. */
import type { Filter } from '../../../imaging/search/search.ts'
import { DIMENSIONS, type Entries } from './entries.ts'
import { BOX_FROM, BOX_TO, type LeafBounds, NUMBERS_PER_LEAF } from './leaf-bounds.ts'

export interface Criteria {
  /** Inclusive, per dimension. */
  readonly from: readonly number[]
  readonly to: readonly number[]
  /** The dimensions that have a filter. */
  readonly ranged: readonly number[]
  readonly isPrimary: number | undefined
}

/** @param filters without texts, which the partitions or the hits of a search guarantee */
export function criteriaOf(filters: readonly Filter[]): Criteria {
  const from = DIMENSIONS.map(() => Number.NEGATIVE_INFINITY)
  const to = DIMENSIONS.map(() => Number.POSITIVE_INFINITY)
  const ranged = new Set<number>()
  let isPrimary: number | undefined
  for (const filter of filters) {
    if (!('equals' in filter)) {
      const dimension = DIMENSIONS.indexOf(filter.attribute)
      from[dimension] = Math.max(from[dimension]!, filter.from)
      to[dimension] = Math.min(to[dimension]!, filter.to)
      ranged.add(dimension)
    } else if (filter.attribute === 'isPrimary') {
      const value = filter.equals ? 1 : 0
      // 2 matches nothing, where both values are asked for.
      isPrimary = isPrimary === undefined || isPrimary === value ? value : 2
    }
  }
  return { from, to, ranged: [...ranged], isPrimary }
}

/** Whether some entry of the leaf may match, by its bounds. */
const mayMatch = (criteria: Criteria, { numbers, entryCounts }: LeafBounds, at: number): boolean =>
  entryCounts[at] !== 0 && boxMayMatch(criteria, numbers, at * NUMBERS_PER_LEAF)

/** @param start where the numbers of a leaf or a group begin. */
export function boxMayMatch({ from, to, ranged }: Criteria, numbers: Float64Array, start: number): boolean {
  for (const dimension of ranged) {
    if (numbers[start + BOX_FROM + dimension]! > to[dimension]!) return false
    if (numbers[start + BOX_TO + dimension]! < from[dimension]!) return false
  }
  return true
}

/** How many entries of the leaf match; undefined where they have to be read. */
export function countFromBounds(criteria: Criteria, bounds: LeafBounds, at: number): number | undefined {
  if (!mayMatch(criteria, bounds, at)) return 0
  const { from, to, ranged, isPrimary } = criteria
  if (isPrimary !== undefined) return undefined
  const { numbers, entryCounts } = bounds
  const start = at * NUMBERS_PER_LEAF
  for (const dimension of ranged) {
    if (numbers[start + BOX_FROM + dimension]! < from[dimension]!) return undefined
    if (numbers[start + BOX_TO + dimension]! > to[dimension]!) return undefined
  }
  return entryCounts[at]!
}

export function entryMatches({ from, to, ranged, isPrimary }: Criteria, entries: Entries, at: number): boolean {
  for (const dimension of ranged) {
    const x = entries.columns[dimension]![at]!
    if (x < from[dimension]! || x > to[dimension]!) return false
  }
  return isPrimary === undefined || entries.isPrimary[at] === isPrimary
}
