/**
 * How many entries match, exactly: leaves wholly inside the ranges are counted by their bounds, leaves outside are skipped, and only leaves
 * that an edge of a range crosses are read.
 */

import type { Hits } from './best-first.ts'
import { type Criteria, countFromBounds, entryMatches } from './criteria.ts'
import { type Entries, ROW_ID } from './entries.ts'
import type { LeafBounds } from './leaf-bounds.ts'
import { leafInDatastore } from './leaf-numbers.ts'

interface Tally {
  /** Leaves that may hold a match. */
  readonly leavesMatching: number
  /** Matches in the leaves that need not be read. */
  readonly counted: number
  readonly leavesToRead: readonly number[]
}

/** @param hits how many entries of each leaf are counted, by leafInDatastore; all where it is undefined */
export function tally(partitions: readonly LeafBounds[], criteria: Criteria, hits?: ArrayLike<number>): Tally {
  let [counted, leavesMatching] = [0, 0]
  const leavesToRead: number[] = []
  for (const partition of partitions) {
    for (let at = 0; at < partition.count; at++) {
      const entries = countFromBounds(criteria, partition, at)
      if (entries === 0) continue
      const leaf = partition.leaves[at]!
      if (hits?.[leafInDatastore(leaf)] === 0) continue
      leavesMatching++
      if (entries === undefined) leavesToRead.push(leaf)
      else counted += hits === undefined ? entries : hits[leafInDatastore(leaf)]!
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
