/**
 * The sizes of the search index, and the bounds that follow from them: the most that a search reads. Tests use small sizes, so that a few
 * hundred image sets behave as millions.
 */
import { isUid, type TextAttribute } from '../../../contract/search-attributes.ts'

export interface IndexSizes {
  /** A leaf with more entries is split. */
  readonly leafEntriesMax: number
  /** A high-frequency text, which more image sets have than this, has partitions. Of a low-frequency text, a search reads all entries. */
  readonly highFrequencyFrom: number
  /** Its partitions are dropped when fewer are left. */
  readonly highFrequencyUntil: number
  /** The same for UIDs, whose indexes do not cover a search: rows are read. */
  readonly highFrequencyUidFrom: number
  readonly highFrequencyUidUntil: number
  /** The texts of one in so many new image sets are counted: a text may pass `highFrequencyFrom` by a few hundred before it gets partitions. */
  readonly countEvery: number
  /** Image sets per transaction of a rebuild. Other writers wait for each. */
  readonly rebuildBatchRows: number
  /** A prefix of four or more characters that more words share has a token. Of another one, a search reads all words. */
  readonly prefixWordsMax: number
  /** A search compares the words of so many new image sets; then they become postings. */
  readonly tailRowsMax: number
  /** While they do, each change writes the postings of so many tokens. */
  readonly sealedTokensMax: number
  /** The most words of an attribute that a search compares with a pattern, and the most that may match it. */
  readonly patternWordsMax: number
  readonly patternMatchesMax: number
  /** A search reads the rows of so few image sets that have its words and texts; of more it reads leaves. */
  readonly wordRowsMax: number
  /** Tokens that a writer keeps. */
  readonly tokensInMemory: number
  /** Leaves whose bounds are cached: 64 MB. */
  readonly leavesInMemory: number
  /** Entries of leaves that are cached. */
  readonly entryBytesInMemory: number
  /** Of so many dictionaries, the words of the tail are cached: some two megabytes each. */
  readonly tailsInMemory: number
  /** The image sets that postings gave, of the last searches by words. */
  readonly hitBytesInMemory: number
  /** Which leaf holds each image set: four bytes for each, of the data stores that were searched by words last. */
  readonly rowLeafBytesInMemory: number
  /** Summaries that are cached. */
  readonly summaryBytesInMemory: number
  /** Answers to the searches that were made last: enough for the worklists of one site. Others find leaves and summaries in their caches. */
  readonly answersInMemory: number
  /** Of all these answers together: a page holds its rows, of about 2 KB each. */
  readonly answerRowsInMemory: number
  /** A search for studies reads and sorts those with a value that so few have, or of so few image sets with its words. */
  readonly studiesReadMax: number
  /** It compares so many in its order before it tries another way. */
  readonly studiesTriedMax: number
  /** Then the database sorts those of a value that so few have. */
  readonly studiesSortedMax: number
}

export const INDEX_SIZES: IndexSizes = {
  leafEntriesMax: 512,
  highFrequencyFrom: 4_096,
  highFrequencyUntil: 1_024,
  highFrequencyUidFrom: 512,
  highFrequencyUidUntil: 128,
  countEvery: 16,
  rebuildBatchRows: 1_000,
  prefixWordsMax: 16,
  tailRowsMax: 4_096,
  sealedTokensMax: 1_024,
  patternWordsMax: 131_072,
  patternMatchesMax: 256,
  wordRowsMax: 512,
  tokensInMemory: 100_000,
  leavesInMemory: 400_000,
  entryBytesInMemory: 32 * 1024 * 1024,
  tailsInMemory: 8,
  hitBytesInMemory: 16 * 1024 * 1024,
  rowLeafBytesInMemory: 64 * 1024 * 1024,
  summaryBytesInMemory: 32 * 1024 * 1024,
  answersInMemory: 512,
  answerRowsInMemory: 4_096,
  studiesReadMax: 4_096,
  studiesTriedMax: 4_096,
  studiesSortedMax: 65_536,
}

/**
 * The most leaves that a best-first search reads for a page, from partitions with so many leaves. A plane crosses O(n^(2/3)) leaves of a
 * k-d tree in three dimensions. Only leaves that an edge of a range, the cursor or the end of the page crosses can be read in vain; each
 * of the others adds at least one image set to the page. The factor is measured, with a margin; hunt.test.ts searches for a counterexample.
 */
export const leavesVisitedMax = (partitions: readonly number[], limit: number): number =>
  limit + crossedLeavesMax(partitions, 2)

/**
 * The leaves that a search by words reads before it asks which leaves have image sets with its words. Half of what a search without words
 * may read: where the words are as frequent everywhere, that is enough.
 */
export const leavesTriedMax = (leaves: number, limit: number): number => limit + Math.ceil(leaves ** (2 / 3) / 2)

/**
 * The most leaves that a search by words reads for a page. Each leaf after those tried holds an image set with the words. In the worst case found
 * the words are in those image sets that the search leaves out: then it reads all leaves that an edge of two ranges or the cursor crosses,
 * 4.3 x leaves^(2/3).
 */
export const wordLeavesVisitedMax = (partitions: readonly number[], limit: number): number =>
  leavesTriedMax(
    partitions.reduce((sum, leaves) => sum + leaves, 0),
    limit,
  ) +
  limit +
  crossedLeavesMax(partitions, 6)

/** The most leaves read for a total: those that an edge of two ranges crosses. */
export const leavesCountedMax = (partitions: readonly number[]): number => 4 + crossedLeavesMax(partitions, 5)

const crossedLeavesMax = (partitions: readonly number[], factor: number): number =>
  Math.ceil(partitions.reduce((sum, leaves) => sum + factor * leaves ** (2 / 3), 0))

/** The most rows of an index scan: two pages and one row, of primary image sets and of the others, since a page may end among equal keys. */
export const scannedRowsMax = (limit: number): number => 2 * (2 * limit + 1)

/** The most image sets of a text without partitions. The probability that sampling misses a text for longer is below 10^-26. */
export function textEntriesMax(sizes: IndexSizes, attribute: TextAttribute): number {
  return (isUid(attribute) ? sizes.highFrequencyUidFrom : sizes.highFrequencyFrom) + 64 * (sizes.countEvery - 1)
}
