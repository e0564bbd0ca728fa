/**
 * The sizes of the search index, and what they bound: the most that a search reads, by name. Tests make the sizes small, so that a
 * few hundred image sets show what millions do.
 */
import type { TextAttribute } from '../../../imaging/search/search.ts'

export interface IndexSizes {
  /** A leaf is cut when it holds more entries. */
  readonly leafEntriesMax: number
  /** A text that more image sets share than this has a space of its own; up to this many entries are read for a search, all of them. */
  readonly highFrequencyFrom: number
  /** Its space is given up when fewer are left. */
  readonly highFrequencyUntil: number
  /** The same for UIDs, whose indexes lead to rows. */
  readonly highFrequencyUidFrom: number
  readonly highFrequencyUidUntil: number
  /** Two texts that more image sets have than this, each, have a space of the image sets that have both. */
  readonly pairFrom: number
  /** One of so many image sets that come has its texts counted; so a text may pass `highFrequencyFrom` by a few hundred before it is noticed. */
  readonly countEvery: number
  /** Image sets that are taken in at once where the index is built anew: others wait for it that want to write. */
  readonly rebuildBatchRows: number
  /** Leaves whose bounds are kept in memory: 64 MB. */
  readonly leavesInMemory: number
  /** Entries of leaves that are kept in memory as searches read them. */
  readonly entryBytesInMemory: number
  /** Image sets that were answered last, kept to be answered again. */
  readonly summaryBytesInMemory: number
}

export const INDEX_SIZES: IndexSizes = {
  leafEntriesMax: 512,
  highFrequencyFrom: 4_096,
  highFrequencyUntil: 1_024,
  highFrequencyUidFrom: 512,
  highFrequencyUidUntil: 128,
  pairFrom: 16_384,
  countEvery: 16,
  rebuildBatchRows: 1_000,
  leavesInMemory: 400_000,
  entryBytesInMemory: 32 * 1024 * 1024,
  summaryBytesInMemory: 32 * 1024 * 1024,
}

/**
 * Leaves read for a page, best first, through spaces of so many leaves. A plane cuts O(n^(2/3)) leaves of a k-d tree in three
 * dimensions, and only leaves that the edges of the ranges, the cursor or the end of the page cut can be read for nothing; each of
 * the others gives at least one image set to the page. The factor is measured, with room: the hunt looks for what passes it.
 */
export const leavesVisitedMax = (partitions: readonly number[], limit: number): number =>
  limit + cutLeavesMax(partitions, 2)

/** Leaves read for a total: those that the edges of two ranges cut. */
export const leavesCountedMax = (partitions: readonly number[]): number => 4 + cutLeavesMax(partitions, 5)

const cutLeavesMax = (partitions: readonly number[], factor: number): number =>
  Math.ceil(partitions.reduce((sum, leaves) => sum + factor * leaves ** (2 / 3), 0))

/** Rows of a walk along an index: two pages and one more of the primary image sets and of the others, since a page may cut through equal keys. */
export const scannedRowsMax = (limit: number): number => 2 * (2 * limit + 1)

/** Image sets of a text without a space. That a text be overlooked by more than this has a chance of one in 10^26. */
export function textEntriesMax(sizes: IndexSizes, attribute: TextAttribute): number {
  const isUid = attribute === 'DICOMStudyInstanceUID' || attribute === 'DICOMSeriesInstanceUID'
  return (isUid ? sizes.highFrequencyUidFrom : sizes.highFrequencyFrom) + 64 * (sizes.countEvery - 1)
}
