/**
 * How many entries match, exactly: leaves wholly inside the ranges are counted by their bounds, leaves outside are skipped, and only leaves
 * that an edge of a range crosses are read.
 */

import type { Hits } from './best-first.ts'
import { LEAVES_PER_GROUP, NUMBERS_PER_LEAF } from './bounds-layout.ts'
import { type Criteria, entryMatches, matchesByBounds } from './criteria.ts'
import { type Entries, ROW_ID } from './entries.ts'
import type { LeafBounds } from './leaf-bounds.ts'
import { leafInDatastore } from './leaf-numbers.ts'

export interface Tally {
  /** Leaves that may hold a match. */
  leavesMatching: number
  /** Matches in the leaves that need not be read. */
  counted: number
  readonly leavesToRead: number[]
}

export const beginTally = (): Tally => ({ leavesMatching: 0, counted: 0, leavesToRead: [] })

interface Counting {
  readonly criteria: Criteria
  /** How many entries of each leaf are counted, by leafInDatastore; all where it is undefined. */
  readonly hits?: ArrayLike<number> | undefined
}

/** Whether an edge of a range crosses the group, so that the bounds of its leaves are compared. */
export const isCrossed = (bounds: LeafBounds, group: number, { criteria }: Counting): boolean =>
  matchesByBounds(criteria, bounds.groups(), group * NUMBERS_PER_LEAF) === 'some'

/** Adds a group, which is loaded if it is crossed. */
export function tallyGroup(tally: Tally, bounds: LeafBounds, group: number, counting: Counting): void {
  const { criteria, hits } = counting
  const ofGroup = matchesByBounds(criteria, bounds.groups(), group * NUMBERS_PER_LEAF)
  if (ofGroup === 'none') return
  const numbers = ofGroup === 'some' ? bounds.numbersOf(group) : undefined
  const first = group * LEAVES_PER_GROUP
  for (let at = first; at < Math.min(bounds.count, first + LEAVES_PER_GROUP); at++) {
    const entries = bounds.entryCounts[at]!
    const leaf = bounds.leaves[at]!
    if (entries === 0 || hits?.[leafInDatastore(leaf)] === 0) continue
    const ofLeaf = numbers === undefined ? 'all' : matchesByBounds(criteria, numbers, (at - first) * NUMBERS_PER_LEAF)
    if (ofLeaf === 'none') continue
    tally.leavesMatching++
    if (ofLeaf === 'some') tally.leavesToRead.push(leaf)
    else tally.counted += hits === undefined ? entries : hits[leafInDatastore(leaf)]!
  }
}

export function countMatching(entries: Entries, criteria: Criteria, hits?: Hits): number {
  const rowIds = entries.columns[ROW_ID]!
  let count = 0
  for (let at = 0; at < entries.count; at++) {
    if (entryMatches(criteria, entries, at) && (hits === undefined || hits.has(rowIds[at]!))) count++
  }
  return count
}
