/**
 * The first entries of a search, in order, from as few leaves as can be: leaves are read in the order of the best that each could
 * hold, until none is left that could hold better than the worst of what was found. Exact for every search.
 */
import type { Position, Search } from '../../imaging/search.ts'
import { type Criteria, criteriaOf, entryMatches, mayMatch } from './criteria.ts'
import { DIMENSIONS, type Entries, LACKING, SEQ } from './entries.ts'
import { BOX_FROM, BOX_TO, type LeafBounds, NUMBERS_PER_LEAF } from './leaf-bounds.ts'

/** What decides whether an entry belongs to the page, and where. */
interface Wanted extends Criteria {
  readonly sortDimension: number
  readonly descending: boolean
  /** Rank and seq of the entry before the page. */
  readonly afterRank: number
  readonly afterSeq: number
  readonly asOf: number
  readonly not: ReadonlySet<number>
  readonly limit: number
}

export interface PageOfEntries {
  readonly search: Search
  readonly after?: Position | undefined
  /** Entries that changed later are left out. */
  readonly asOf: number
  readonly limit: number
  /** Left out too: their texts had the hash that was looked for, and were others. */
  readonly not?: ReadonlySet<number>
}

export interface BestFirst {
  readonly wanted: Wanted
  readonly candidates: Candidates
  readonly leavesMatching: number
  /** Sorted: the least ranks found so far, and their seqs. */
  readonly ranks: number[]
  readonly seqs: number[]
  leavesVisited: number
  entriesVisited: number
}

/** A binary heap over leaves, the least first. */
interface Candidates {
  size: number
  readonly ranks: Float64Array
  readonly seqs: Float64Array
  readonly leaves: Float64Array
}

/** In order of rank, then seq, entries come as comparePositions has them. */
const rankOf = (key: number, descending: boolean) => (descending && key !== LACKING ? -key : key)

export function beginBestFirst(spaces: readonly LeafBounds[], page: PageOfEntries): BestFirst {
  const wanted = wantedOf(page)
  const candidates = candidatesOf(spaces, wanted)
  return {
    wanted,
    candidates,
    leavesMatching: candidates.size,
    ranks: [],
    seqs: [],
    leavesVisited: 0,
    entriesVisited: 0,
  }
}

function wantedOf({ search, after, asOf, limit, not = new Set() }: PageOfEntries): Wanted {
  const descending = search.sort.sortOrder === 'DESC'
  return {
    ...criteriaOf(search.filters),
    sortDimension: DIMENSIONS.indexOf(search.sort.sortField),
    descending,
    afterRank: after === undefined ? Number.NEGATIVE_INFINITY : rankOf(after.key ?? LACKING, descending),
    afterSeq: after?.seq ?? -1,
    asOf,
    not,
    limit,
  }
}

function candidatesOf(spaces: readonly LeafBounds[], wanted: Wanted): Candidates {
  const most = spaces.reduce((sum, space) => sum + space.count, 0)
  const ranks = new Float64Array(most)
  const seqs = new Float64Array(most)
  const leaves = new Float64Array(most)
  const { sortDimension, descending, afterRank, afterSeq } = wanted
  let size = 0
  for (const space of spaces) {
    const { count, numbers, leaves: ids } = space
    for (let at = 0, start = 0; at < count; at++, start += NUMBERS_PER_LEAF) {
      if (!mayMatch(wanted, space, at)) continue
      const low = numbers[start + BOX_FROM + sortDimension]!
      const high = numbers[start + BOX_TO + sortDimension]!
      // The last that this leaf can hold: where it is not after the cursor, nothing in it is.
      const lastRank = rankOf(descending ? low : high, descending)
      if (!isBefore(afterRank, afterSeq, lastRank, numbers[start + BOX_TO + SEQ]!)) continue
      // What comes before the cursor is not wanted: the best that this leaf can hold is not before it either.
      ranks[size] = Math.max(afterRank, rankOf(descending ? high : low, descending))
      seqs[size] = numbers[start + BOX_FROM + SEQ]!
      leaves[size] = ids[at]!
      size++
    }
  }
  const candidates = { size, ranks, seqs, leaves }
  for (let at = (size >> 1) - 1; at >= 0; at--) sink(candidates, at)
  return candidates
}

function sink({ size, ranks, seqs, leaves }: Candidates, start: number): void {
  const [rank, seq, leaf] = [ranks[start]!, seqs[start]!, leaves[start]!]
  let at = start
  for (let child = 2 * at + 1; child < size; child = 2 * at + 1) {
    const other = child + 1
    if (other < size && isBefore(ranks[other]!, seqs[other]!, ranks[child]!, seqs[child]!)) child = other
    if (!isBefore(ranks[child]!, seqs[child]!, rank, seq)) break
    ranks[at] = ranks[child]!
    seqs[at] = seqs[child]!
    leaves[at] = leaves[child]!
    at = child
  }
  ranks[at] = rank
  seqs[at] = seq
  leaves[at] = leaf
}

const isBefore = (rankA: number, seqA: number, rankB: number, seqB: number) =>
  rankA < rankB || (rankA === rankB && seqA < seqB)

/** The next leaf to read, undefined when what was found is the answer. */
export function nextLeaf({ wanted, candidates, ranks, seqs }: BestFirst): number | undefined {
  if (candidates.size === 0) return undefined
  const last = wanted.limit - 1
  if (ranks.length > last && !isBefore(candidates.ranks[0]!, candidates.seqs[0]!, ranks[last]!, seqs[last]!)) {
    return undefined
  }
  const leaf = candidates.leaves[0]!
  candidates.size--
  candidates.ranks[0] = candidates.ranks[candidates.size]!
  candidates.seqs[0] = candidates.seqs[candidates.size]!
  candidates.leaves[0] = candidates.leaves[candidates.size]!
  if (candidates.size > 0) sink(candidates, 0)
  return leaf
}

/** Takes what belongs to the page out of some entries. */
export function visit(search: BestFirst, entries: Entries): void {
  const { wanted, ranks, seqs } = search
  const { afterRank, afterSeq, asOf, limit, descending, not } = wanted
  const keys = entries.columns[wanted.sortDimension]!
  const seqColumn = entries.columns[SEQ]!
  search.leavesVisited++
  search.entriesVisited += entries.count
  for (let at = 0; at < entries.count; at++) {
    const rank = rankOf(keys[at]!, descending)
    const seq = seqColumn[at]!
    if (!isBefore(afterRank, afterSeq, rank, seq)) continue
    if (ranks.length === limit && !isBefore(rank, seq, ranks[limit - 1]!, seqs[limit - 1]!)) continue
    if (!entryMatches(wanted, entries, at)) continue
    if (entries.changedIn[at]! > asOf) continue
    if (not.has(seq)) continue
    keep(search, rank, seq)
  }
}

function keep({ ranks, seqs, wanted }: BestFirst, rank: number, seq: number): void {
  let [low, high] = [0, ranks.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (isBefore(rank, seq, ranks[middle]!, seqs[middle]!)) high = middle
    else low = middle + 1
  }
  ranks.splice(low, 0, rank)
  seqs.splice(low, 0, seq)
  if (ranks.length > wanted.limit) {
    ranks.pop()
    seqs.pop()
  }
}
