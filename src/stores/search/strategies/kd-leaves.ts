/** kd-tree leaves, best first: reads leaves of partitions in the order of the best entry that each may hold, until the page is found. */
import type { Sql } from '../../sql/engine/statement.ts'
import { type BestFirst, beginBestFirst, nextLeaf, type PageOfEntries, visit } from '../kd-tree/best-first.ts'
import type { Entries } from '../kd-tree/entries.ts'
import type { LeafBounds, MissingGroup } from '../kd-tree/leaf-bounds.ts'

export interface LeafSource {
  readonly leavesAtOnce: number
  readonly entriesOf: (leaves: readonly number[]) => Sql<readonly Entries[]>
  /** Reads the bounds of leaves that are not in memory. */
  readonly load: (missing: MissingGroup) => Sql<void>
}

/** Reads leaves until the page is found, or `leavesMax` and some were read: 1, 2, 4, ... leaves at once: what the first leaves hold makes reading many of the others needless. */
export function* readLeaves(
  partitions: readonly LeafBounds[],
  page: PageOfEntries,
  from: LeafSource & { readonly leavesMax?: number },
): Sql<BestFirst> {
  const { leavesMax = Number.POSITIVE_INFINITY } = from
  const search = beginBestFirst(partitions, page)
  for (let atOnce = 1; search.leavesVisited < leavesMax; atOnce = Math.min(2 * atOnce, from.leavesAtOnce)) {
    const leaves: number[] = []
    while (leaves.length < atOnce) {
      const next = nextLeaf(search)
      if (next === undefined) break
      if (typeof next === 'number') leaves.push(next)
      else yield* from.load(next)
    }
    if (leaves.length === 0) return search
    for (const entries of yield* from.entriesOf(leaves)) visit(search, entries)
  }
  return search
}
