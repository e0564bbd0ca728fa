/** What the catalog tells of searches: pages of summaries and how they were found; and of the search index, built anew and verified. */

import type { Filter, TextAttribute } from '../../imaging/search/search.ts'
import type { Datastore } from './datastore-repository.ts'

/** One row of a search result. The same image set in the same state is mostly the same object, from search to search. */
export interface ImageSetSummary {
  /** As in SearchableImageSet, for the row's place in a sort. */
  readonly seq: number
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

export interface SearchPage {
  /** undefined where there is no such data store. */
  readonly datastore: Pick<Datastore, 'datastoreStatus' | 'updatedAt'> | undefined
  readonly rows: readonly ImageSetSummary[]
  /** The state of the catalog that the first page saw; later pages see the same, less what has been deleted since. */
  readonly snapshotVersion: number
  /** How many image sets match in all, where `count` was asked for: in the state that the page was read from. */
  readonly total?: number
  readonly visited: Visited
}

/** How a page was found, and what was read for it when it was: a page asked for again is kept while nothing changes. Names of attributes only, never a value. */
export interface Visited {
  readonly strategy: 'nothing can match' | 'in order of an index' | 'image sets of one text' | 'leaves, best first'
  /** The attribute whose index was read, where it was one. */
  readonly index?: Filter['attribute']
  /** Whose leaves were looked at: of the image sets, primary or not, that have one value of each of the attributes. */
  readonly partitions: readonly {
    readonly attributes: readonly Filter['attribute'][]
    readonly isPrimary: boolean
    readonly leaves: number
    readonly entries: number
  }[]
  /** Leaves whose bounds say that they may hold an image set of the page, of those whose bounds were looked at. */
  readonly leavesMatching: number
  /** Leaves that were read. */
  readonly leaves: number
  /** Entries read, of leaves or of a text's index. */
  readonly entries: number
  /** Whole rows of image sets read. */
  readonly rows: number
  /** The most that a search that went this way reads, as tests hold it to. */
  readonly bound: { readonly leaves?: number; readonly entries?: number; readonly rows?: number }
  /** What was read beyond that for the total. */
  readonly count?: {
    readonly strategy: 'nothing can match' | 'image sets of one text' | 'leaves' | 'rows of one text'
    /** Leaves that count by their bounds alone, or were read. */
    readonly leavesMatching: number
    readonly leaves: number
    readonly entries: number
    readonly bound: { readonly leaves?: number; readonly entries?: number }
  }
}

export interface SearchIndex {
  /**
   * Builds it anew out of the rows while searches and writers go on, and tells how far it is. One that was broken off is gone on
   * with.
   */
  rebuild(): AsyncIterable<{ readonly done: number; readonly of: number }>
  /** Compares all of it with the image sets, piece by piece; others may write meanwhile. Nothing is changed. */
  verify(): AsyncIterable<IndexVerified>
}

/** What of the search index is not as the image sets say (decision 8). */
export type IndexDifferenceKind =
  | 'entries-without-leaf'
  | 'leaf-without-entries'
  | 'leaf-without-space'
  | 'leaf-damaged'
  | 'leaf-count-wrong'
  | 'leaf-bounds-wrong'
  | 'leaf-older-than-entry'
  | 'entry-twice'
  | 'entry-outside-cell'
  | 'entry-without-image-set'
  | 'entry-in-wrong-space'
  | 'entry-differs'
  | 'partition-without-datastore'
  | 'regions-overlap'
  | 'regions-leave-gap'
  | 'partition-incomplete'
  | 'image-sets-without-space'

/** Where: numbers of rows and names of attributes, never a value of a patient. */
export interface IndexDifference {
  readonly kind: IndexDifferenceKind
  /** The row of the data store, the space, the leaf and the image set. */
  readonly datastore?: number
  readonly partition?: number
  readonly leaf?: number
  readonly seq?: number
  /** What the image sets of the space share: isPrimary, and the texts of these attributes. */
  readonly isPrimary?: boolean
  readonly attributes?: readonly TextAttribute[]
  /** The values in which an entry is unlike its row. */
  readonly differing?: readonly string[]
  /** How many entries the space has, and how many image sets belong into it. */
  readonly entries?: number
  readonly imageSets?: number
}

/** How far a comparison has come, and what was found since the last word. */
export interface IndexVerified {
  readonly leaves: number
  readonly entries: number
  /** As many as there were when it began. */
  readonly entriesInAll: number
  readonly partitions: number
  readonly differences: readonly IndexDifference[]
}
