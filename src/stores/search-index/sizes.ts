/** The sizes of the search index. Tests make them small, so that a few hundred image sets show what millions do. */

export interface IndexSizes {
  /** A leaf is cut when it holds more entries. */
  readonly leafEntriesMax: number
  /** A text that more image sets share than this has a space of its own; up to this many entries are read for a search, all of them. */
  readonly heavyFrom: number
  /** Its space is given up when fewer are left. */
  readonly heavyUntil: number
  /** The same for UIDs, whose indexes lead to rows. */
  readonly heavyUidFrom: number
  readonly heavyUidUntil: number
  /** Two texts that more image sets have than this, each, have a space of the image sets that have both. */
  readonly pairFrom: number
  /** One of so many image sets that come has its texts counted; so a text may pass `heavyFrom` by a few hundred before it is noticed. */
  readonly countEvery: number
  /** Leaves whose bounds are kept in memory: 64 MB. */
  readonly leavesInMemory: number
}

export const INDEX_SIZES: IndexSizes = {
  leafEntriesMax: 512,
  heavyFrom: 4_096,
  heavyUntil: 1_024,
  heavyUidFrom: 512,
  heavyUidUntil: 128,
  pairFrom: 16_384,
  countEvery: 16,
  leavesInMemory: 400_000,
}
