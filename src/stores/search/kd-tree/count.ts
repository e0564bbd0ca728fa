/**
 * How many entries match, exactly: a leaf that lies wholly inside the ranges counts by what its bounds tell of it, one that lies
 * outside not at all, and only those which the edges of the ranges cut are read.
 */
import { type Criteria, countFromBounds, entryMatches } from './criteria.ts'
import type { Entries } from './entries.ts'
import type { LeafBounds } from './leaf-bounds.ts'

interface Tally {
  /** Leaves that may hold a match. */
  readonly leavesMatching: number
  /** In the leaves that need not be read. */
  readonly counted: number
  readonly leavesToRead: readonly number[]
}

/** Exact unless the criteria have a text: two texts may have one hash. */
export function tally(partitions: readonly LeafBounds[], criteria: Criteria): Tally {
  let [counted, leavesMatching] = [0, 0]
  const leavesToRead: number[] = []
  for (const partition of partitions) {
    for (let at = 0; at < partition.count; at++) {
      const count = countFromBounds(criteria, partition, at)
      if (count === 0) continue
      leavesMatching++
      if (count === undefined) leavesToRead.push(partition.leaves[at]!)
      else counted += count
    }
  }
  return { leavesMatching, counted, leavesToRead }
}

export function countMatching(entries: Entries, criteria: Criteria): number {
  let count = 0
  for (let at = 0; at < entries.count; at++) if (entryMatches(criteria, entries, at)) count++
  return count
}
