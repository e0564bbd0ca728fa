/**
 * What the versions of image sets are made of, as the catalog tells it: groups of imported files, instances with the places of their
 * bytes and metadata, and the documents that are joined from these.
 */

import type { ImageSetState, ImageSetWorkflowStatus } from '../../contract/image-sets.ts'
import type { TypeOf } from '../../contract/shapes.ts'
import type { DocumentBody } from '../../imaging/documents/metadata-document.ts'
import type { GroupingElements } from '../../imaging/grouping.ts'
import type { ImportWarning } from '../../imaging/import-warnings.ts'
import type { BlobDigest } from '../blobs/blob-store.ts'

/** Where an instance's bytes lie: P10 as it was imported. */
export interface InstanceFile {
  readonly sopInstanceUID: string
  readonly sopClassUID: string
  readonly transferSyntaxUID: string
  readonly blobKey: string
  readonly offsetBytes: number
  readonly sizeBytes: number
}

/** Where the metadata of an instance lies, as imaging/documents/metadata.ts writes it: its entry, and right behind that its levels. */
export interface MetadataRange {
  readonly blobKey: string
  readonly offsetBytes: number
  readonly instanceMetadataBytes: number
  readonly imageSetAttributesBytes: number
}

/** Where patient, study and series of a version lie, as imaging/documents/metadata.ts writes them, and what instances have differently. */
export interface AttributesRange {
  readonly blobKey: string
  readonly offsetBytes: number
  readonly sizeBytes: number
}

/** Where the frames of an instance lie. Versions and copies that hold the instance share them. */
export type FramesRange = FramesRangeMembers &
  (
    | {
        /** The range is the one frame itself. */
        readonly holds: 'frame'
        /** Of the frame, as pixel-data/checksum/stored-checksum.ts makes it. */
        readonly checksum: number
      }
    /** The range is the table of where each frame lies, with its checksum (stores/blobs/frame-table.ts). */
    | { readonly holds: 'table' }
  )

interface FramesRangeMembers {
  /** The first 24 hex digits of the ids of its frames. */
  readonly framesKey: string
  readonly frameCount: number
  readonly storedTransferSyntaxUID: string
  readonly blobKey: string
  readonly offsetBytes: number
  readonly sizeBytes: number
}

/** A group of stored files that share the seven grouping elements and wait for their image set. */
export interface UnpublishedGroup {
  readonly groupId: number
  readonly elements: GroupingElements
  readonly files: number
}

export interface GeneratedImageSet {
  readonly imageSetId: string
  readonly imageSetVersion: number
  readonly isPrimary: boolean
  readonly numberOfMatchedSOPInstances: number
}

/** What a group's version will be, if nothing else is published before. */
export interface NextVersion {
  readonly groupId: number
  /** The version that it will follow, all of whose instances it holds but those that come again; undefined for the first of an image set. */
  readonly base: ImageSetVersion | undefined
  /** Its new instances in the order of their keys. The last one's patient, study and series are the version's. */
  readonly added: readonly InstanceRecord[]
}

export interface InstanceRecord extends InstanceFile {
  readonly metadata: MetadataRange
  /** Undefined where no frame of it is stored. */
  readonly frames: FramesRange | undefined
}

export interface ImageSetVersion {
  readonly imageSetId: string
  readonly version: number
}

export interface VersionOfDatastore extends ImageSetVersion {
  readonly datastoreId: string
}

/** The documents of groups that are published together, which lie in one blob. */
export interface GroupDocuments {
  readonly blobKey: string
  readonly digest: BlobDigest
  /** By groupId. */
  readonly byGroup: ReadonlyMap<number, GroupDocument>
}

export interface GroupDocument extends Omit<DocumentRange, 'blobKey'> {
  /** What it was made from. */
  readonly base: ImageSetVersion | undefined
  /** In the same blob, where instances differ from patient, study and series; else those of the group's last file are the version's. */
  readonly attributes?: Omit<AttributesRange, 'blobKey'> | undefined
  /** By SOPInstanceUID, of files whose attributes are not those of the version's levels. */
  readonly warnings?: ReadonlyMap<string, ImportWarning>
}

/** Meanwhile another job published a version of one of the image sets: nothing has happened, the documents have to be made anew. */
export class ImageSetChanged extends Error {
  override readonly name = 'ImageSetChanged'
  constructor() {
    super('another job published a version of the image set meanwhile')
  }
}

/** An update or a copy has locked one of the image sets: nothing has happened, the groups can be published when it has ended. */
export class ImageSetLocked extends Error {
  override readonly name = 'ImageSetLocked'
  constructor() {
    super('the image set is locked by an update, a copy or its deletion')
  }
}

/** The body of a metadata document (imaging/documents/metadata-document.ts): a range of a blob. */
export interface DocumentRange extends DocumentBody {
  readonly blobKey: string
  readonly offsetBytes: number
  readonly sizeBytes: number
}

/** What GetImageSet says of an image set or of one of its versions. */
export interface ImageSetProperties {
  readonly imageSetId: string
  /** Of a locked image set the version to be. */
  readonly version: number
  readonly imageSetState: TypeOf<typeof ImageSetState>
  readonly workflowStatus: TypeOf<typeof ImageSetWorkflowStatus>
  readonly isPrimary: boolean
  readonly createdAt: number
  readonly updatedAt: number
  readonly deletedAt: number | undefined
  readonly lastAccessedAt: number
  readonly message: string | undefined
  readonly forced: boolean
}
