/**
 * Whether the cells of a space are what every search and every insert relies on: each point lies in exactly one of them. No two
 * overlap, and together they are as large as the whole, so nothing is left out.
 */
import { DIMENSIONS } from './entries.ts'
import { NUMBERS_PER_LEAF } from './leaf-bounds.ts'

const SIZE = DIMENSIONS.length
/** The dimension along which cells are swept: only those that reach over the same createdAt are compared. */
const SWEPT = 0

export interface Partition {
  /** The places of two cells that share points, if there are such. */
  readonly overlap: readonly [number, number] | undefined
  /** Some points lie in no cell; known only where none overlap. */
  readonly hasGap: boolean
}

/** @param bounds the numbers of each leaf, its cell first. At worst each is compared with each: a second for 30,000 leaves. */
export function partitionOf(bounds: readonly Float64Array[]): Partition {
  const overlap = overlapAmong(bounds)
  return { overlap, hasGap: overlap === undefined && !areWhole(bounds) }
}

function overlapAmong(bounds: readonly Float64Array[]): [number, number] | undefined {
  const inOrder = [...bounds.keys()].sort((a, b) => fromOf(bounds[a]!, SWEPT) - fromOf(bounds[b]!, SWEPT) || a - b)
  let open: number[] = []
  for (const next of inOrder) {
    const region = bounds[next]!
    const still: number[] = []
    for (const other of open) {
      if (toOf(bounds[other]!, SWEPT) <= fromOf(region, SWEPT)) continue
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

/** Sizes are counted in steps from one border that some cell has to the next, so that infinity is a step like any other. */
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
