/** Sizes of the search index for tests: a few hundred image sets have many leaves, high-frequency texts and sealed tails. */
import type { IndexSizes } from './kd-tree/sizes.ts'

export const SMALL_SIZES: IndexSizes = {
  leafEntriesMax: 8,
  highFrequencyFrom: 20,
  highFrequencyUntil: 10,
  highFrequencyUidFrom: 6,
  highFrequencyUidUntil: 4,
  countEvery: 1,
  rebuildBatchRows: 25,
  prefixWordsMax: 3,
  tailRowsMax: 15,
  sealedTokensMax: 12,
  patternWordsMax: 500,
  patternMatchesMax: 20,
  wordRowsMax: 8,
  tokensInMemory: 30,
  leavesInMemory: 40,
  entryBytesInMemory: 10_000,
  tailsInMemory: 2,
  hitBytesInMemory: 10_000,
  rowLeafBytesInMemory: 300_000,
  summaryBytesInMemory: 10_000,
  studiesReadMax: 6,
  studiesTriedMax: 5,
  studiesSortedMax: 12,
}
