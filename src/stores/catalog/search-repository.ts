/** Searches: pages of summaries and how they were found; and the search index: rebuild and verification. */
import type { TextAttribute } from '../../contract/search-attributes.ts'
import type { Filter } from '../../imaging/search/search.ts'
import type { Datastore } from './datastore-repository.ts'

/** One row of a search result. It is usually the same object from search to search while the image set does not change. */
export interface ImageSetSummary {
  /** As in SearchableImageSet, for the position of the row. */
  readonly rowId: number
  readonly DICOMStudyDateAndTime: number | null
  readonly imageSetId: string
  readonly version: number
  readonly createdAt: number
  readonly updatedAt: number
  readonly lastAccessedAt: number
  readonly isPrimary: boolean
  /** The DICOMTags of the summary: JSON text. */
  readonly tags: string
}

/** The number of a change, up to which a search sees a data store; of one with several partitions, a number for each. */
export type SnapshotVersion = number | readonly number[]

export interface SearchPage {
  /** Undefined if the data store does not exist. */
  readonly datastore: Pick<Datastore, 'datastoreStatus' | 'updatedAt'> | undefined
  /** Usually the same array for the same search until something changes; never the same for another search. */
  readonly rows: readonly ImageSetSummary[]
  /** The snapshot of the first page. Later pages read the same one, without image sets deleted since. */
  readonly snapshotVersion: SnapshotVersion
  /** The number of all matching image sets in the snapshot of the page, if `count` was requested. */
  readonly total?: number
  readonly visited: Visited
}

/** How a page was found and what was read for it, possibly by an earlier search: pages are cached. Names of attributes, never values. */
export interface Visited {
  readonly strategy:
    | 'index scan'
    | 'posting list'
    | 'rows of postings'
    | 'kd-tree leaves, best first'
    | 'no possible match'
  /**
   * For a search by words, or by several high-frequency texts: the tokens and postings read, how many of the newest image sets were compared,
   * which have no postings yet, and how many image sets have all words and texts.
   */
  readonly words?: {
    readonly tokens: number
    readonly postings: number
    readonly compared: number
    readonly imageSets: number
  }
  /** The attribute whose index was read, for an index scan and a posting list. */
  readonly index?: Filter['attribute']
  /** Of a data store with several partitions: the numbers of those that were asked. */
  readonly datastorePartitions?: readonly number[]
  /** Partitions of the index whose leaves were considered: of image sets, primary or not; all of them, or those that have one value of the attribute. */
  readonly partitions: readonly {
    readonly attributes: readonly Filter['attribute'][]
    readonly isPrimary: boolean
    readonly leaves: number
    readonly entries: number
  }[]
  /** Leaves that may hold an image set of the page by their bounds, among those whose bounds were compared. */
  readonly leavesMatching: number
  readonly leaves: number
  /** Entries read, of leaves or of a posting list. */
  readonly entries: number
  /** Rows of image sets read. */
  readonly rows: number
  /** The most that a search with this strategy reads. Tests assert it. */
  readonly bound: { readonly leaves?: number; readonly entries?: number; readonly rows?: number }
  /** What was read for the total, in addition to the page. */
  readonly count?: {
    readonly strategy: 'no possible match' | 'posting list' | 'postings' | 'kd-tree leaves'
    /** Leaves counted by their bounds alone, or read. */
    readonly leavesMatching: number
    readonly leaves: number
    readonly entries: number
    readonly bound: { readonly leaves?: number; readonly entries?: number }
  }
}

/** A word with wildcards that too many words of the data store would have to be compared with, or that too many match. */
export class PatternTooBroad extends Error {
  override readonly name = 'PatternTooBroad'
  constructor() {
    super('a word with wildcards matches too many words: begin it with more letters')
  }
}

/** A search continues in a snapshot of another number of partitions than the data store has, perhaps since it was restored. */
export class OtherPartitions extends Error {
  override readonly name = 'OtherPartitions'
  constructor() {
    super('the page before was of another number of partitions')
  }
}

/** A search names a declared attribute that is not live, perhaps no longer. */
export class AttributeNotSearchable extends Error {
  override readonly name = 'AttributeNotSearchable'
  constructor() {
    super('a declared attribute of the search is not live')
  }
}

export interface SearchIndex {
  /** Rebuilds the index from the rows while searches and writers continue, and reports progress. Resumes an interrupted rebuild. */
  rebuild(): AsyncIterable<{ readonly done: number; readonly of: number }>
  /** Compares the index with the image sets, batch by batch, while others write. Changes nothing. */
  verify(): AsyncIterable<IndexVerified>
}

/** How the search index can differ from the image sets (decision 8). */
export type IndexDifferenceKind =
  | 'entries-without-leaf'
  | 'leaf-without-entries'
  | 'leaf-without-partition'
  | 'leaf-damaged'
  | 'leaf-count-wrong'
  | 'leaf-bounds-wrong'
  | 'leaf-older-than-entry'
  | 'entry-twice'
  | 'entry-outside-region'
  | 'entry-without-image-set'
  | 'entry-in-wrong-partition'
  | 'entry-differs'
  | 'partition-without-datastore'
  | 'regions-overlap'
  | 'regions-leave-gap'
  | 'partition-incomplete'
  | 'image-sets-without-partition'
  | 'image-sets-without-words'
  | 'words-missing'
  | 'words-superfluous'
  | 'words-damaged'
  | 'text-without-declaration'
  | 'posting-without-word'
  | 'word-without-posting'
  | 'prefix-without-postings'
  | 'text-without-postings'
  | 'studies-differ'
  | 'study-total-wrong'

/** Names numbers of rows and attributes, never a value of a patient. */
export interface IndexDifference {
  readonly kind: IndexDifferenceKind
  /** Rows of the data store, the partition, the leaf and the image set. */
  readonly datastore?: number
  readonly partition?: number
  readonly leaf?: number
  readonly rowId?: number
  /** Of the words: a chunk of 65,536 row ids, and how many words of image sets, or words alone, have the difference. */
  readonly chunk?: number
  readonly words?: number
  /** What the image sets of the partition share: isPrimary, and the texts of these attributes. */
  readonly isPrimary?: boolean
  readonly attributes?: readonly TextAttribute[]
  /** How many studies are missing, have no image set, or differ from theirs. */
  readonly studies?: number
  /** The values in which an entry differs from its row. */
  readonly differing?: readonly string[]
  /** How many entries the partition has, and how many image sets belong to it. */
  readonly entries?: number
  readonly imageSets?: number
}

/** The progress of a verification, and the differences found since the last report. */
export interface IndexVerified {
  readonly leaves: number
  readonly entries: number
  /** At the start of the verification. */
  readonly entriesInAll: number
  readonly partitions: number
  readonly differences: readonly IndexDifference[]
}
