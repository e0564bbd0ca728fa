/**
 * kd-tree leaves of a search by postings. Where many image sets have the words, the first leaves that best-first reads hold the page. Where few
 * have, or the leaves that come first have none, it reads only leaves that have some.
 */
import type { Sql } from '../../sql/engine/statement.ts'
import type { BestFirst, PageOfEntries } from '../kd-tree/best-first.ts'
import type { LeafBounds } from '../kd-tree/leaf-bounds.ts'
import { leavesTriedMax } from '../kd-tree/sizes.ts'
import type { HitsOfLeaves } from '../words/row-leaves.ts'
import type { RowSet } from '../words/row-set.ts'
import { type LeafSource, readLeaves } from './kd-leaves.ts'

/** With fewer image sets a leaf, most leaves have none of a page. */
const HITS_PER_LEAF = 3

/** The image sets that have the words and texts of a search. */
export interface LeafHits {
  readonly rows: RowSet
  /** How many of them each leaf has. */
  readonly ofLeaves: () => Sql<HitsOfLeaves>
}

/** @returns what was found, and the leaves that were tried before in vain. */
export function* readWordLeaves(
  partitions: readonly LeafBounds[],
  page: PageOfEntries,
  from: LeafSource & { readonly hits: LeafHits },
): Sql<{ readonly found: BestFirst; readonly tried: BestFirst | undefined }> {
  const { rows, ofLeaves } = from.hits
  const leaves = partitions.reduce((sum, { count }) => sum + count, 0)
  const wanted = { ...page, hits: rows }
  let tried: BestFirst | undefined
  if (rows.size > HITS_PER_LEAF * leaves) {
    const leavesMax = leavesTriedMax(leaves, page.limit)
    tried = yield* readLeaves(partitions, wanted, { ...from, leavesMax })
    if (tried.leavesVisited < leavesMax) return { found: tried, tried: undefined }
  }
  const hitsOfLeaves = yield* ofLeaves()
  return { found: yield* readLeaves(partitions, { ...wanted, hitsOfLeaves }, from), tried }
}
