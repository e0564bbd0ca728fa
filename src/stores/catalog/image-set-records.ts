/**
 * Records that repositories of the catalog share: instances with the byte ranges of their file, metadata and frames, the groups that an
 * import makes of them, and the versions of image sets with their metadata documents.
 */

import type { ImageSetState, ImageSetWorkflowStatus } from '../../contract/image-sets.ts'
import type { TypeOf } from '../../contract/shapes.ts'
import type { DocumentBody } from '../../imaging/documents/metadata-document.ts'
import type { GroupingElements } from '../../imaging/grouping.ts'
import type { ImportWarning } from '../../imaging/import-warnings.ts'
import type { DeclaredTexts } from '../../imaging/search/described.ts'
import type { RecordedDigest } from '../blobs/blob-store.ts'

/** The DICOM file of an instance, as it was imported: a range of a blob. */
export interface InstanceFile {
  readonly sopInstanceUID: string
  readonly sopClassUID: string
  readonly transferSyntaxUID: string
  readonly blobKey: string
  readonly offsetBytes: number
  readonly sizeBytes: number
}

/**
 * The metadata of an instance, as imaging/documents/metadata.ts writes it: first the instance metadata, then the image set attributes of
 * its file.
 */
export interface MetadataRange {
  readonly blobKey: string
  readonly offsetBytes: number
  readonly instanceMetadataBytes: number
  readonly imageSetAttributesBytes: number
}

/** The patient, study and series attributes of a version, followed by the values in which single instances differ. */
export interface AttributesRange {
  readonly blobKey: string
  readonly offsetBytes: number
  readonly sizeBytes: number
}

/** The frames of an instance. Versions and copies with the instance share them. */
export type FramesRange = FramesRangeMembers &
  (
    | {
        /** The range is the only frame. */
        readonly holds: 'frame'
        /** Of the frame (pixel-data/checksum/stored-checksum.ts). */
        readonly checksum: number
      }
    /** The range is a frame table, which contains the checksums (stores/blobs/frame-table.ts). */
    | { readonly holds: 'table' }
  )

interface FramesRangeMembers {
  /** The first 24 hex digits of the frame ids. */
  readonly framesKey: string
  readonly frameCount: number
  readonly storedTransferSyntaxUID: string
  readonly blobKey: string
  readonly offsetBytes: number
  readonly sizeBytes: number
}

/** Stored files of an import job that have equal grouping elements and are not part of an image set yet. */
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

/** The version that a group will become, unless another job publishes one first. */
export interface NextVersion {
  readonly groupId: number
  /** The version before, whose instances it keeps except those that `added` replaces; undefined for a new image set. */
  readonly base: ImageSetVersion | undefined
  /** The new instances, ordered by input key. The version has the patient, study and series attributes of the last one. */
  readonly added: readonly InstanceRecord[]
}

export interface InstanceRecord extends InstanceFile {
  readonly metadata: MetadataRange
  /** Undefined if no frames are stored. */
  readonly frames: FramesRange | undefined
}

/** An instance in the latest version of an image set. */
export interface PlacedInstance extends InstanceRecord {
  readonly imageSetId: string
  readonly version: number
}

export interface ImageSetVersion {
  readonly imageSetId: string
  readonly version: number
}

/** The latest version of an image set, which has instances of one series. */
export interface ImageSetOfSeries extends ImageSetVersion {
  readonly seriesInstanceUID: string
}

export interface VersionOfDatastore extends ImageSetVersion {
  readonly datastoreId: string
}

/** The metadata documents of groups that are published together. All are in one blob. */
export interface GroupDocuments {
  readonly blobKey: string
  readonly digest: RecordedDigest
  /** By groupId. */
  readonly byGroup: ReadonlyMap<number, GroupDocument>
  /** Of the declared attributes that `declaredTexts` are of. */
  readonly revision: number
}

export interface GroupDocument extends Omit<DocumentRange, 'blobKey'> {
  /** The version that the document was joined from. */
  readonly base: ImageSetVersion | undefined
  /** In the same blob. Undefined if no instance differs: the version then has the attributes of the group's last file. */
  readonly attributes?: Omit<AttributesRange, 'blobKey'> | undefined
  readonly declaredTexts: DeclaredTexts
  /** By SOPInstanceUID, for files whose patient, study or series attributes differ from the version's. */
  readonly warnings?: ReadonlyMap<string, ImportWarning>
}

/** Another job published a version of one of the image sets first. Nothing was published; the documents must be written again. */
export class ImageSetChanged extends Error {
  override readonly name = 'ImageSetChanged'
  constructor() {
    super('another job has published a version of the image set')
  }
}

/** A workflow has locked one of the image sets. Nothing was published; publish the groups again after it has ended. */
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

/** The properties of an image set or of one of its versions, as GetImageSet returns them. */
export interface ImageSetProperties {
  readonly imageSetId: string
  /** The next version if the image set is locked. */
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
