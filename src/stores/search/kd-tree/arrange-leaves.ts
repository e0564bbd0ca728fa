/**
 * Puts leaves that lie near each other into one group. Those of a partition that grows are in the order in which they were split off; then a
 * group of consecutive ones extends over nearly everything, and a search would need nearly all groups.
 */

import { BOX_FROM, BOX_TO, LEAVES_PER_GROUP, NUMBERS_PER_LEAF } from './bounds-layout.ts'
import { DIMENSIONS } from './entries.ts'

/** @param numbers of all leaves @returns the places of the leaves in their new order */
export function arrangedPlaces(numbers: Float64Array): Uint32Array {
  const count = numbers.length / NUMBERS_PER_LEAF
  const places = Uint32Array.from({ length: count }, (_, place) => place)
  const centre = (place: number, dimension: number) => {
    const start = place * NUMBERS_PER_LEAF + dimension
    const middle = numbers[start + BOX_FROM]! / 2 + numbers[start + BOX_TO]! / 2
    // Of a leaf without entries, or one that does not exist.
    return Number.isFinite(middle) ? middle : 0
  }
  // Halves of whole groups, by one date after the other.
  const divide = (from: number, to: number, dimension: number): void => {
    const groups = Math.ceil((to - from) / LEAVES_PER_GROUP)
    if (groups <= 1) return
    places.subarray(from, to).sort((a, b) => centre(a, dimension) - centre(b, dimension))
    const middle = from + (groups >> 1) * LEAVES_PER_GROUP
    const next = (dimension + 1) % (DIMENSIONS.length - 1)
    divide(from, middle, next)
    divide(middle, to, next)
  }
  divide(0, count, 0)
  return places
}
