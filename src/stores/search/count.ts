/** The exact total of a search, in the snapshot of its first page: from the bounds and entries of leaves. */
import type { Visited } from '../catalog/search-repository.ts'
import type { Sql } from '../sql/engine/statement.ts'
import { type CachedLeaves, entryBytesOf } from './cached-leaves.ts'
import { beginTally, countMatching, isCrossed, tallyGroup } from './kd-tree/count.ts'
import { criteriaOf } from './kd-tree/criteria.ts'
import { decodeEntries } from './kd-tree/entries.ts'
import { leavesCountedMax } from './kd-tree/sizes.ts'
import type { KdLeavesPlan } from './plan.ts'
import type { LeafHits } from './strategies/word-leaves.ts'

export interface Total {
  readonly total: number
  readonly count: NonNullable<Visited['count']>
}

/** A megabyte or two of entries: on PostgreSQL each statement is a round trip. */
const LEAVES_PER_STATEMENT = 64

/** @param hits the image sets that have the words and texts of the search, if the plan reads postings */
export function* totalOf(
  { partitions, filters }: KdLeavesPlan,
  { leaves, hits }: { readonly leaves: CachedLeaves; readonly hits?: LeafHits | undefined },
): Sql<Total> {
  if (hits !== undefined && filters.length === 0 && partitions.length === 2) {
    const count = { strategy: 'postings', leavesMatching: 0, leaves: 0, entries: 0, bound: {} } as const
    return { total: hits.rows.size, count }
  }
  const criteria = criteriaOf(filters)
  const counting = { criteria, hits: hits && (yield* hits.ofLeaves()) }
  const tally = beginTally()
  for (const { bounds } of partitions) {
    for (let group = 0; group < bounds.groupCount; group++) {
      if (!bounds.isLoaded(group) && isCrossed(bounds, group, counting)) yield* leaves.load({ bounds, group })
      tallyGroup(tally, bounds, group, counting)
    }
  }
  const { counted, leavesMatching, leavesToRead } = tally
  let [total, entriesRead] = [counted, 0]
  for (let start = 0; start < leavesToRead.length; start += LEAVES_PER_STATEMENT) {
    const read = yield* entryBytesOf(leavesToRead.slice(start, start + LEAVES_PER_STATEMENT))
    for (const bytes of read.values()) {
      const entries = decodeEntries(bytes)
      total += countMatching(entries, criteria, hits?.rows)
      entriesRead += entries.count
    }
  }
  const bound = { leaves: leavesCountedMax(partitions.map(({ bounds }) => bounds.count)) }
  return {
    total,
    count: { strategy: 'kd-tree leaves', leavesMatching, leaves: leavesToRead.length, entries: entriesRead, bound },
  }
}
