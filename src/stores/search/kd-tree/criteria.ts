/** The filters of a search as numbers, to compare with bounds and entries of leaves. */
import type { Filter } from '../../../imaging/search/search.ts'
import { BOX_FROM, BOX_TO } from './bounds-layout.ts'
import { DIMENSIONS, type Entries } from './entries.ts'

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

/** @param start where the numbers of a leaf or a group begin. */
export function boxMayMatch({ from, to, ranged }: Criteria, numbers: Float64Array, start: number): boolean {
  for (const dimension of ranged) {
    if (numbers[start + BOX_FROM + dimension]! > to[dimension]!) return false
    if (numbers[start + BOX_TO + dimension]! < from[dimension]!) return false
  }
  return true
}

/** Which entries of a leaf or a group match, by its bounds; `some` where they have to be looked at. */
export function matchesByBounds(criteria: Criteria, numbers: Float64Array, start: number): 'none' | 'some' | 'all' {
  if (!boxMayMatch(criteria, numbers, start)) return 'none'
  const { from, to, ranged, isPrimary } = criteria
  if (isPrimary !== undefined) return 'some'
  for (const dimension of ranged) {
    if (numbers[start + BOX_FROM + dimension]! < from[dimension]!) return 'some'
    if (numbers[start + BOX_TO + dimension]! > to[dimension]!) return 'some'
  }
  return 'all'
}

export function entryMatches({ from, to, ranged, isPrimary }: Criteria, entries: Entries, at: number): boolean {
  for (const dimension of ranged) {
    const x = entries.columns[dimension]![at]!
    if (x < from[dimension]! || x > to[dimension]!) return false
  }
  return isPrimary === undefined || entries.isPrimary[at] === isPrimary
}
