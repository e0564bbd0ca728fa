/**
 * How many entries match, exactly: leaves wholly inside the ranges are counted by their bounds, leaves outside are skipped, and only leaves
 * that an edge of a range crosses are read.
 */

import type { Hits } from './best-first.ts'
import { type Criteria, countFromBounds, entryMatches } from './criteria.ts'
import { type Entries, ROW_ID } from './entries.ts'
import type { LeafBounds } from './leaf-bounds.ts'

interface Tally {
  /** Leaves that may hold a match. */
  readonly leavesMatching: number
  /** Matches in the leaves that need not be read. */
  readonly counted: number
  readonly leavesToRead: readonly number[]
}

/**
 * Exact unless the criteria have a text: hashes collide.
 * @param options.everyLeaf bounds do not tell how many entries match: all leaves that may hold a match are read
 */
export function tally(
  partitions: readonly LeafBounds[],
  criteria: Criteria,
  { everyLeaf = false }: { readonly everyLeaf?: boolean } = {},
): Tally {
  let [counted, leavesMatching] = [0, 0]
  const leavesToRead: number[] = []
  for (const partition of partitions) {
    for (let at = 0; at < partition.count; at++) {
      const count = countFromBounds(criteria, partition, at)
      if (count === 0) continue
      leavesMatching++
      if (count === undefined || everyLeaf) leavesToRead.push(partition.leaves[at]!)
      else counted += count
    }
  }
  return { leavesMatching, counted, leavesToRead }
}

export function countMatching(entries: Entries, criteria: Criteria, hits?: Hits): number {
  const rowIds = entries.columns[ROW_ID]!
  let count = 0
  for (let at = 0; at < entries.count; at++) {
    if (entryMatches(criteria, entries, at) && (hits === undefined || hits.has(rowIds[at]!))) count++
  }
  return count
}
