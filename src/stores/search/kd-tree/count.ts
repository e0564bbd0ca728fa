/**
 * How many entries match, exactly: leaves wholly inside the ranges are counted by their bounds, leaves outside are skipped, and only leaves
 * that an edge of a range crosses are read.
 */
import { type Criteria, countFromBounds, entryMatches } from './criteria.ts'
import type { Entries } from './entries.ts'
import type { LeafBounds } from './leaf-bounds.ts'

interface Tally {
  /** Leaves that may hold a match. */
  readonly leavesMatching: number
  /** Matches in the leaves that need not be read. */
  readonly counted: number
  readonly leavesToRead: readonly number[]
}

/** Exact unless the criteria have a text: hashes collide. */
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
