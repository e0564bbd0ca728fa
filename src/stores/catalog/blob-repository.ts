/** Blobs in the catalog: the size and digest of each, which are unreferenced, which image sets use the others, and compaction. */

import type { BlobDigest } from '../blobs/blob-store.ts'
import type { BlobRange, MovedRange } from '../blobs/moved-ranges.ts'
import type { DocumentRange, FramesRange, ImageSetVersion, InstanceFile } from './image-set-records.ts'

export interface UnreferencedBlob {
  /** The row id. */
  readonly blob: number
  readonly blobKey: string
}

export type BlobRecord = UnreferencedBlob &
  (
    | { readonly isUnreferenced: false; readonly digest: BlobDigest }
    /** No image set uses the blob or will use it. Its bytes may be purged at any time. A reserved blob has no digest. */
    | { readonly isUnreferenced: true; readonly digest: BlobDigest | undefined }
  )

/** A blob with a range that an image set needs, or with a recorded use by the image set, or both. */
export interface BlobUse {
  /** The row id of the image set. */
  readonly rowId: number
  readonly blob: number
  /** Undefined if the catalog has no such blob. */
  readonly record: BlobRecord | undefined
  /** The end of the last range that the image set needs; undefined if it needs none. */
  readonly endBytes: number | undefined
  /** The catalog records that the image set uses the blob. */
  readonly isRecorded: boolean
}

export interface VersionDocument {
  /** The row id of the image set. */
  readonly rowId: number
  readonly version: ImageSetVersion['version']
  readonly range: DocumentRange
}

export interface InstanceFrames {
  readonly row: { readonly rowId: number; readonly sopInstanceUID: string; readonly addedIn: number }
  readonly frames: FramesRange
  readonly file: Pick<InstanceFile, 'blobKey' | 'offsetBytes'>
}

/** A partly unreferenced blob that a worker has claimed: image sets were deleted from it, and others still use it. */
export interface BlobToCompact extends UnreferencedBlob {
  readonly digest: BlobDigest
  /** No other worker claims the blob before this time, unless another image set is deleted from it. */
  readonly leaseUntil: number
}

export interface UsedRange extends BlobRange {
  /** The number of frames if the range is a frame table (stores/blobs/frame-table.ts); else undefined. */
  readonly framesInTable: number | undefined
}

export interface Blobs {
  /**
   * Blobs that have been unreferenced since before the given time; at most `limit`. None while a backup runs: its snapshot of the catalog
   * may still need them.
   */
  listUnreferenced(request: {
    readonly before: number
    readonly now: number
    readonly limit: number
  }): Promise<readonly UnreferencedBlob[]>
  /** Records that the bytes of the blobs were removed. Ignores blobs that are not unreferenced. */
  markPurged(blobs: readonly UnreferencedBlob[], at: number): Promise<void>
  /** In byte order of the keys, after the given key. */
  list(request: { readonly after: string | undefined; readonly limit: number }): Promise<readonly BlobRecord[]>
  /** The blobs that exist among the given keys, in any order. */
  get(blobKeys: readonly string[]): Promise<readonly BlobRecord[]>
  /** The metadata documents of all versions, by image set and version, after the given one. */
  listDocuments(request: {
    readonly after: Pick<VersionDocument, 'rowId' | 'version'> | undefined
    readonly limit: number
  }): Promise<readonly VersionDocument[]>
  /** Instances with frames, by row, after the given row. Of instances that share frames only the first is listed. */
  listFrames(request: {
    readonly after: InstanceFrames['row'] | undefined
    readonly limit: number
  }): Promise<readonly InstanceFrames[]>
  getFrames(row: InstanceFrames['row']): Promise<InstanceFrames | undefined>
  /**
   * The uses of blobs by the next image sets after the given row id, at most `imageSets` of them.
   * @returns `last`, the row id to continue after; undefined at the end.
   */
  listUses(request: { readonly after: number; readonly imageSets: number }): Promise<{
    readonly last: number | undefined
    readonly imageSets: number
    readonly uses: readonly BlobUse[]
  }>
  /**
   * Claims a partly unreferenced blob whose last deletion was before the given time, whose import job has ended, and of whose image sets
   * none is locked.
   */
  claimForCompaction(request: {
    readonly before: number
    readonly now: number
    readonly leaseUntil: number
  }): Promise<BlobToCompact | undefined>
  /** All used ranges of a blob, without the frames that a frame table lists. A range that versions or copies share occurs once. */
  usedRanges(blob: Pick<UnreferencedBlob, 'blob'>): Promise<readonly UsedRange[]>
  /** Ends the claim without a new blob, because all of the blob is used. */
  skipCompaction(toCompact: BlobToCompact): Promise<void>
  /** Records the key of the new blob before it is written. It becomes unreferenced at the given time, unless `move` comes first. */
  reserve(request: {
    readonly source: BlobToCompact
    readonly blobKey: string
    readonly unreferencedFrom: number
  }): Promise<void>
  /**
   * Replaces the old blob by the reserved one in all rows. The old blob becomes unreferenced at the given time.
   * @returns `changed`, with no effect, if a used range was not copied, the old blob is no longer used, another worker was first, or the
   * reservation has expired.
   */
  move(request: {
    readonly from: BlobToCompact
    readonly to: { readonly blobKey: string; readonly digest: BlobDigest }
    readonly ranges: readonly MovedRange[]
    readonly at: number
    readonly oldUnreferencedFrom: number
  }): Promise<'moved' | 'changed'>
  totals(): Promise<{
    readonly imageSets: number
    readonly documents: number
    /** Counts instances that share frames separately. */
    readonly framesOfInstances: number
    readonly sizeBytes: number
  }>
}
