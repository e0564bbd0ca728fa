/** What the catalog tells of blobs: what is known of the bytes of each, which of them nobody uses, and who uses the others. */

import type { BlobDigest } from '../blobs/blob-store.ts'
import type { BlobRange, MovedRange } from '../blobs/moved-ranges.ts'
import type { DocumentRange, FramesRange, ImageSetVersion, InstanceFile } from './image-set-records.ts'

export interface UnreferencedBlob {
  readonly blob: number
  readonly blobKey: string
}

export type BlobRecord = UnreferencedBlob &
  (
    | { readonly isUnreferenced: false; readonly digest: BlobDigest }
    /** No image set uses it or can come to use it: its bytes may be purged at any time. The digest of a reserved blob is undefined. */
    | { readonly isUnreferenced: true; readonly digest: BlobDigest | undefined }
  )

/** A blob that an image set uses, or says that it uses. */
export interface BlobUse {
  /** The row of the image set. */
  readonly rowId: number
  readonly blob: number
  /** Undefined where there is no such blob any more. */
  readonly record: BlobRecord | undefined
  /** The end of what lies farthest in the blob, of the image set's; undefined where it has nothing there. */
  readonly endBytes: number | undefined
  /** The blob is kept for the image set. */
  readonly isRecorded: boolean
}

export interface VersionDocument {
  /** The row of the image set. */
  readonly rowId: number
  readonly version: ImageSetVersion['version']
  readonly range: DocumentRange
}

export interface InstanceFrames {
  readonly row: { readonly rowId: number; readonly sopInstanceUID: string; readonly addedIn: number }
  readonly frames: FramesRange
  readonly file: Pick<InstanceFile, 'blobKey' | 'offsetBytes'>
}

/** A blob that image sets were deleted from while others use it, in the hands of whoever looks what is left of it. */
export interface BlobToCompact extends UnreferencedBlob {
  readonly digest: BlobDigest
  /** Nobody else is told of it before, unless something more is deleted from it. */
  readonly leaseUntil: number
}

export interface UsedRange extends BlobRange {
  /** Of a table that says where frames lie (imaging/frame-table.ts): of how many. */
  readonly framesInTable: number | undefined
}

export interface Blobs {
  /** Blobs that nobody uses or can come to use, since before the given moment; at most `limit`. */
  listUnreferenced(request: { readonly before: number; readonly limit: number }): Promise<readonly UnreferencedBlob[]>
  /** Their bytes are gone. Such as are not free stay as they are. */
  markPurged(blobs: readonly UnreferencedBlob[], at: number): Promise<void>
  /** In byte order of their keys, those after the given one. */
  list(request: { readonly after: string | undefined; readonly limit: number }): Promise<readonly BlobRecord[]>
  /** Those of the keys that there are, in any order. */
  get(blobKeys: readonly string[]): Promise<readonly BlobRecord[]>
  /** Documents in the order of their versions, those after the given one. */
  listDocuments(request: {
    readonly after: Pick<VersionDocument, 'rowId' | 'version'> | undefined
    readonly limit: number
  }): Promise<readonly VersionDocument[]>
  /** Instances with frames, in the order of their rows, those after the given one; of those that share their frames the first. */
  listFrames(request: {
    readonly after: InstanceFrames['row'] | undefined
    readonly limit: number
  }): Promise<readonly InstanceFrames[]>
  getFrames(row: InstanceFrames['row']): Promise<InstanceFrames | undefined>
  /** Of so many image sets behind the given row: what they use. `last` is the row to go on behind, undefined at the end. */
  listUses(request: { readonly after: number; readonly imageSets: number }): Promise<{
    readonly last: number | undefined
    readonly imageSets: number
    readonly uses: readonly BlobUse[]
  }>
  /** One that was last deleted from before the given moment, whose job has ended, and of whose image sets none is locked. */
  claimForCompaction(request: {
    readonly before: number
    readonly now: number
    readonly leaseUntil: number
  }): Promise<BlobToCompact | undefined>
  /** All that lies in a blob, but the frames that a table tells of; what several versions or copies share, once. */
  usedRanges(blob: Pick<UnreferencedBlob, 'blob'>): Promise<readonly UsedRange[]>
  /** All of it is used. */
  skipCompaction(toCompact: BlobToCompact): Promise<void>
  /** A blob is about to be put, which is free from the given moment on, unless something is moved to it before. */
  reserve(request: {
    readonly source: BlobToCompact
    readonly blobKey: string
    readonly unreferencedFrom: number
  }): Promise<void>
  /**
   * What lies in the blob lies in the reserved one from here, and the old one is free from the given moment on. `changed`: something came
   * to lie in it that was not moved, nobody uses it any more, another was faster, or the reserved one is free by now: nothing has happened.
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
    /** Of those that share their frames each. */
    readonly framesOfInstances: number
    readonly sizeBytes: number
  }>
}
