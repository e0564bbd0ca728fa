/**
 * Best-first search: the first entries of a result, in order, from as few leaves as possible. Leaves are read in the order of the best
 * entry that each may hold, by its bounding box, until no leaf may hold a better one than the worst found. Exact for every search.
 * Groups of leaves are ordered in the same way, so that only a few hundred bounds of a partition with tens of thousands are compared.
 */
import type { Position, Search } from '../../../imaging/search/search.ts'
import { BOX_FROM, BOX_TO, LEAVES_PER_GROUP, NUMBERS_PER_LEAF } from './bounds-layout.ts'
import { boxMayMatch, type Criteria, criteriaOf, entryMatches } from './criteria.ts'
import { DIMENSIONS, type Entries, LACKING, ROW_ID } from './entries.ts'
import type { LeafBounds, MissingGroup } from './leaf-bounds.ts'
import { leafInDatastore } from './leaf-numbers.ts'

/** Which entries belong to the page, and in which order. */
interface Wanted extends Criteria {
  readonly sortDimension: number
  readonly descending: boolean
  /** Rank and row id of the entry before the page. */
  readonly afterRank: number
  readonly afterRowId: number
  readonly snapshotVersion: number
  readonly hits: Hits | undefined
  readonly hitsOfLeaves: ArrayLike<number> | undefined
  readonly limit: number
}

/** The image sets that may be in a result, by row id. */
export interface Hits {
  has(rowId: number): boolean
}

export interface PageOfEntries {
  readonly search: Search
  readonly after?: Position | undefined
  /** Entries that changed later are left out. */
  readonly snapshotVersion: number
  readonly limit: number
  /** Others are left out: those that have the words and texts of the search. */
  readonly hits?: Hits | undefined
  /** How many hits each leaf has, by leafInDatastore: leaves without one are skipped. */
  readonly hitsOfLeaves?: ArrayLike<number> | undefined
}

export interface BestFirst {
  readonly wanted: Wanted
  readonly partitions: readonly LeafBounds[]
  readonly candidates: Candidates
  /** Sorted: the least ranks found so far, and their row ids. */
  readonly ranks: number[]
  readonly rowIds: number[]
  /** Leaves that may hold an entry of the page by their bounds, among those whose bounds were compared. */
  leavesMatching: number
  leavesVisited: number
  entriesVisited: number
}

/** A binary heap of leaves and groups of leaves, the least first. */
interface Candidates {
  size: number
  ranks: Float64Array
  rowIds: Float64Array
  /** The number of a leaf, or below zero a group: see groupName. */
  names: Float64Array
}

const CANDIDATES_AT_FIRST = 256
/** More groups than any partition has. */
const GROUPS_MAX = 2 ** 32

const groupName = (partition: number, group: number) => -1 - (partition * GROUPS_MAX + group)

/** Ordered by rank, then row id, entries are in the order of comparePositions. */
const rankOf = (key: number, descending: boolean) => (descending && key !== LACKING ? -key : key)

export function beginBestFirst(partitions: readonly LeafBounds[], page: PageOfEntries): BestFirst {
  const wanted = wantedOf(page)
  const candidates: Candidates = {
    size: 0,
    ranks: new Float64Array(CANDIDATES_AT_FIRST),
    rowIds: new Float64Array(CANDIDATES_AT_FIRST),
    names: new Float64Array(CANDIDATES_AT_FIRST),
  }
  for (const [index, partition] of partitions.entries()) {
    const groups = partition.groups()
    for (let group = 0; group < partition.groupCount; group++) {
      const start = group * NUMBERS_PER_LEAF
      if (mayHoldNext(wanted, groups, start))
        push(candidates, wanted, { numbers: groups, start, name: groupName(index, group) })
    }
  }
  return {
    wanted,
    partitions,
    candidates,
    ranks: [],
    rowIds: [],
    leavesMatching: 0,
    leavesVisited: 0,
    entriesVisited: 0,
  }
}

function wantedOf({ search, after, snapshotVersion, limit, hits, hitsOfLeaves }: PageOfEntries): Wanted {
  const descending = search.sort.sortOrder === 'DESC'
  return {
    ...criteriaOf(search.filters),
    sortDimension: DIMENSIONS.indexOf(search.sort.sortField),
    descending,
    afterRank: after === undefined ? Number.NEGATIVE_INFINITY : rankOf(after.key ?? LACKING, descending),
    afterRowId: after?.rowId ?? -1,
    snapshotVersion,
    hits,
    hitsOfLeaves,
    limit,
  }
}

/** Whether a leaf or a group may hold, by its bounding box, a match after the cursor. */
function mayHoldNext(wanted: Wanted, numbers: Float64Array, start: number): boolean {
  if (!boxMayMatch(wanted, numbers, start)) return false
  const { last } = ranksOf(wanted, numbers, start)
  return isBefore(wanted.afterRank, wanted.afterRowId, last, numbers[start + BOX_TO + ROW_ID]!)
}

/** The ranks of the best and of the last entry that a leaf or a group may hold. */
function ranksOf({ sortDimension, descending }: Wanted, numbers: Float64Array, start: number) {
  const low = numbers[start + BOX_FROM + sortDimension]!
  const high = numbers[start + BOX_TO + sortDimension]!
  if (!descending) return { best: low, last: high }
  // A group may have leaves with keys and leaves without, which are last in both orders.
  if (high === LACKING && low !== LACKING) return { best: Number.NEGATIVE_INFINITY, last: LACKING }
  return { best: rankOf(high, true), last: rankOf(low, true) }
}

function push(
  candidates: Candidates,
  wanted: Wanted,
  of: { readonly numbers: Float64Array; readonly start: number; readonly name: number },
): void {
  const { numbers, start, name } = of
  // Entries before the cursor are not wanted, so the best entry is not before it either.
  const rank = Math.max(wanted.afterRank, ranksOf(wanted, numbers, start).best)
  const rowId = numbers[start + BOX_FROM + ROW_ID]!
  if (candidates.size === candidates.ranks.length) grow(candidates)
  const { ranks, rowIds, names } = candidates
  let at = candidates.size++
  for (let parent = (at - 1) >> 1; at > 0; parent = (at - 1) >> 1) {
    if (!isBefore(rank, rowId, ranks[parent]!, rowIds[parent]!)) break
    ranks[at] = ranks[parent]!
    rowIds[at] = rowIds[parent]!
    names[at] = names[parent]!
    at = parent
  }
  ranks[at] = rank
  rowIds[at] = rowId
  names[at] = name
}

function grow(candidates: Candidates): void {
  const doubled = (numbers: Float64Array) => {
    const more = new Float64Array(numbers.length * 2)
    more.set(numbers)
    return more
  }
  candidates.ranks = doubled(candidates.ranks)
  candidates.rowIds = doubled(candidates.rowIds)
  candidates.names = doubled(candidates.names)
}

/** Moves the last candidate to the top and sifts it down. */
function sinkLast({ size, ranks, rowIds, names }: Candidates): void {
  const [rank, rowId, name] = [ranks[size]!, rowIds[size]!, names[size]!]
  let at = 0
  for (let child = 2 * at + 1; child < size; child = 2 * at + 1) {
    const other = child + 1
    if (other < size && isBefore(ranks[other]!, rowIds[other]!, ranks[child]!, rowIds[child]!)) child = other
    if (!isBefore(ranks[child]!, rowIds[child]!, rank, rowId)) break
    ranks[at] = ranks[child]!
    rowIds[at] = rowIds[child]!
    names[at] = names[child]!
    at = child
  }
  ranks[at] = rank
  rowIds[at] = rowId
  names[at] = name
}

const isBefore = (rankA: number, rowIdA: number, rankB: number, rowIdB: number) =>
  rankA < rankB || (rankA === rankB && rowIdA < rowIdB)

/** The next leaf to read; undefined when the page is found. A group that is not in memory has to be loaded first. */
export function nextLeaf(search: BestFirst): number | MissingGroup | undefined {
  const { wanted, candidates, ranks, rowIds } = search
  const last = wanted.limit - 1
  while (candidates.size > 0) {
    const isFound =
      ranks.length > last && !isBefore(candidates.ranks[0]!, candidates.rowIds[0]!, ranks[last]!, rowIds[last]!)
    if (isFound) return undefined
    const name = candidates.names[0]!
    const missing = name >= 0 ? undefined : missingGroup(search, -1 - name)
    if (missing !== undefined) return missing
    candidates.size--
    if (candidates.size > 0) sinkLast(candidates)
    if (name >= 0) return name
    openGroup(search, -1 - name)
  }
  return undefined
}

function missingGroup({ partitions }: BestFirst, name: number): MissingGroup | undefined {
  const bounds = partitions[Math.floor(name / GROUPS_MAX)]!
  const group = name % GROUPS_MAX
  return bounds.isLoaded(group) ? undefined : { bounds, group }
}

function openGroup(search: BestFirst, name: number): void {
  const { wanted, candidates } = search
  const partition = search.partitions[Math.floor(name / GROUPS_MAX)]!
  const group = name % GROUPS_MAX
  const first = group * LEAVES_PER_GROUP
  const { entryCounts, leaves } = partition
  const numbers = partition.numbersOf(group)
  for (let at = first; at < Math.min(partition.count, first + LEAVES_PER_GROUP); at++) {
    const start = (at - first) * NUMBERS_PER_LEAF
    if (entryCounts[at] === 0 || wanted.hitsOfLeaves?.[leafInDatastore(leaves[at]!)] === 0) continue
    if (!mayHoldNext(wanted, numbers, start)) continue
    push(candidates, wanted, { numbers, start, name: leaves[at]! })
    search.leavesMatching++
  }
}

/** Adds the entries that belong to the page. */
export function visit(search: BestFirst, entries: Entries): void {
  const { wanted, ranks, rowIds } = search
  const { afterRank, afterRowId, snapshotVersion, limit, descending, hits } = wanted
  const keys = entries.columns[wanted.sortDimension]!
  const rowIdColumn = entries.columns[ROW_ID]!
  search.leavesVisited++
  search.entriesVisited += entries.count
  for (let at = 0; at < entries.count; at++) {
    const rank = rankOf(keys[at]!, descending)
    const rowId = rowIdColumn[at]!
    if (!isBefore(afterRank, afterRowId, rank, rowId)) continue
    if (ranks.length === limit && !isBefore(rank, rowId, ranks[limit - 1]!, rowIds[limit - 1]!)) continue
    if (!entryMatches(wanted, entries, at)) continue
    if (entries.changedIn[at]! > snapshotVersion) continue
    if (hits !== undefined && !hits.has(rowId)) continue
    keep(search, rank, rowId)
  }
}

function keep({ ranks, rowIds, wanted }: BestFirst, rank: number, rowId: number): void {
  let [low, high] = [0, ranks.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (isBefore(rank, rowId, ranks[middle]!, rowIds[middle]!)) high = middle
    else low = middle + 1
  }
  ranks.splice(low, 0, rank)
  rowIds.splice(low, 0, rowId)
  if (ranks.length > wanted.limit) {
    ranks.pop()
    rowIds.pop()
  }
}
