/**
 * Checks what every search and every insert relies on: each point is in exactly one region of a partition. No two regions overlap, and
 * together they are as large as the whole.
 */

import { NUMBERS_PER_LEAF } from './bounds-layout.ts'
import { DIMENSIONS } from './entries.ts'

const SIZE = DIMENSIONS.length
/** Regions are scanned along createdAt: only those with a createdAt in common are compared. */
const SCAN_DIMENSION = 0

interface RegionsChecked {
  /** The indexes of two regions that share points. */
  readonly overlap: readonly [number, number] | undefined
  /** Some points are in no region. Only known where none overlap. */
  readonly hasGap: boolean
}

/** @param bounds the numbers of each leaf. Quadratic in the worst case: a second for 30,000 leaves. */
export function checkRegions(bounds: readonly Float64Array[]): RegionsChecked {
  const overlap = overlapAmong(bounds)
  return { overlap, hasGap: overlap === undefined && !areWhole(bounds) }
}

function overlapAmong(bounds: readonly Float64Array[]): [number, number] | undefined {
  const inOrder = [...bounds.keys()].sort(
    (a, b) => fromOf(bounds[a]!, SCAN_DIMENSION) - fromOf(bounds[b]!, SCAN_DIMENSION) || a - b,
  )
  let open: number[] = []
  for (const next of inOrder) {
    const region = bounds[next]!
    const still: number[] = []
    for (const other of open) {
      if (toOf(bounds[other]!, SCAN_DIMENSION) <= fromOf(region, SCAN_DIMENSION)) continue
      if (share(bounds[other]!, region)) return [Math.min(other, next), Math.max(other, next)]
      still.push(other)
    }
    still.push(next)
    open = still
  }
  return undefined
}

function share(a: Float64Array, b: Float64Array): boolean {
  for (let dimension = 0; dimension < SIZE; dimension++) {
    if (!(fromOf(a, dimension) < toOf(b, dimension) && fromOf(b, dimension) < toOf(a, dimension))) return false
  }
  return true
}

const fromOf = (numbers: Float64Array, dimension: number): number => numbers[dimension]!
const toOf = (numbers: Float64Array, dimension: number): number => numbers[SIZE + dimension]!

/** Coordinate compression: sizes are counted in steps between borders of regions, so that infinite ranges have a size too. */
function stepsOf(bounds: readonly Float64Array[], dimension: number): ReadonlyMap<number, number> {
  const borders = new Set([Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY])
  for (const numbers of bounds) borders.add(fromOf(numbers, dimension)).add(toOf(numbers, dimension))
  return new Map([...borders].sort((a, b) => (a < b ? -1 : 1)).map((border, step) => [border, step]))
}

function areWhole(bounds: readonly Float64Array[]): boolean {
  const steps = DIMENSIONS.map((_, dimension) => stepsOf(bounds, dimension))
  let left = steps.reduce((size, { size: borders }) => size * BigInt(borders - 1), 1n)
  for (const numbers of bounds) {
    let size = 1n
    for (const [dimension, step] of steps.entries()) {
      size *= BigInt(step.get(toOf(numbers, dimension))! - step.get(fromOf(numbers, dimension))!)
    }
    left -= size
  }
  return left === 0n
}

export const isWholeBounds = (bytes: Uint8Array): boolean =>
  bytes.byteLength === NUMBERS_PER_LEAF * Float64Array.BYTES_PER_ELEMENT
