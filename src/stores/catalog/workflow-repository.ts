/**
 * Updates, copies and deletions of image sets. A request begins a workflow (AWS ImageSetWorkflowStatus), which locks its image sets. A worker
 * claims the workflow and writes the bytes of the next versions. One transaction then publishes these and unlocks the image sets.
 */

import type { GroupingElements } from '../../imaging/grouping.ts'
import type { BlobDigests } from '../blobs/blob-store.ts'
import type {
  AttributesRange,
  DocumentRange,
  ImageSetProperties,
  ImageSetVersion,
  MetadataRange,
} from './image-set-records.ts'

export interface UpdateRequest {
  readonly operation: 'UpdateImageSetMetadata'
  readonly imageSet: ImageSetVersion
  readonly forced: boolean
  /** All primary image sets of the study are updated. */
  readonly includeStudyImageSets: boolean
  readonly update: /** Base64 of JSON, as in AWS's DICOMUpdates. */
    | { readonly removableAttributes: string | undefined; readonly updatableAttributes: string | undefined }
    | { readonly revertToVersion: number }
}

export interface CopyRequest {
  readonly operation: 'CopyImageSet'
  readonly source: ImageSetVersion
  /** Undefined: the copy is a new image set. */
  readonly destination: ImageSetVersion | undefined
  /** Undefined: all instances. */
  readonly sopInstanceUIDs: readonly string[] | undefined
  readonly forced: boolean
  readonly promoteToPrimary: boolean
}

interface DeleteRequest {
  readonly operation: 'DeleteImageSet'
  readonly imageSetId: string
}

export type WorkflowRequest = UpdateRequest | CopyRequest | DeleteRequest

/**
 * `changed`: gets a new version, or is deleted. `sibling`: gets a new version because it belongs to the same study. `created`: is visible
 * when the workflow has ended. `source`: is read.
 */
export type WorkflowRole = 'changed' | 'sibling' | 'created' | 'source'

/** An image set that a workflow has locked. */
export interface LockedImageSet extends ImageSetProperties {
  readonly role: WorkflowRole
}

export type BeginWorkflowOutcome =
  /** First the image set that the request names, then the others by id. */
  | { readonly outcome: 'begun'; readonly imageSets: readonly LockedImageSet[] }
  | { readonly outcome: 'datastore-absent' | 'datastore-not-active' | 'too-many' }
  | { readonly outcome: 'absent' | 'not-latest' | 'locked' | 'not-primary'; readonly imageSetId: string }
  /** The image set may not be deleted: the reason is a sentence without a full stop. */
  | { readonly outcome: 'retained'; readonly reason: string }
  /** The copy cannot be primary: these attributes differ from the primary image sets of its study. */
  | { readonly outcome: 'conflicts'; readonly attributes: readonly (keyof GroupingElements)[] }
  /** The copy cannot be primary: its series has a primary image set. */
  | { readonly outcome: 'series-has-primary'; readonly imageSetId: string }

/** Of several image sets: all or none. */
export type BeginDeletionsOutcome =
  | { readonly outcome: 'begun' }
  | Extract<BeginWorkflowOutcome, { readonly outcome: 'datastore-absent' | 'datastore-not-active' | 'too-many' }>
  | { readonly outcome: 'locked'; readonly imageSetId: string }
  | Extract<BeginWorkflowOutcome, { readonly outcome: 'retained' }>
  /** The study or series has other image sets than the request names. */
  | { readonly outcome: 'others' }

/** A workflow that a worker has claimed. The next claim ends this one. */
export interface ClaimedWorkflow {
  readonly lease: WorkflowLease
  readonly datastoreId: string
  readonly request: WorkflowRequest
  readonly imageSets: readonly LockedImageSet[]
  /** 1 for the first claim. More than 1: a worker died. */
  readonly attempt: number
}

export interface WorkflowLease {
  readonly workflow: number
  /** As of a Lease of an import job. */
  readonly owner: string
}

export class WorkflowLeaseLost extends Error {
  override readonly name = 'WorkflowLeaseLost'
  constructor() {
    super('the workflow was claimed by another worker, or has ended')
  }
}

/** The next version of an image set of a workflow. Its bytes are durable. */
export interface VersionToPublish {
  readonly imageSetId: string
  /** New ranges are in blobs that are not recorded yet. */
  readonly attributes: AttributesRange | SharedWith
  readonly document: DocumentRange | SharedWith
  /** From the attributes (imaging/grouping.ts, imaging/instances/instance.ts). */
  readonly grouping: GroupingElements
  readonly studyTimestamp: number | null
  /** The DICOMTags without the two counts: JSON text. */
  readonly tags: string
  /** As of a StoredFile. */
  readonly unlistedTexts: string | null
  readonly instances: VersionInstances
}

/** The same bytes as another version, of an image set of the same workflow. */
export interface SharedWith {
  readonly sharedWith: ImageSetVersion
}

/** How the instances of a version are derived from those of earlier versions. */
export type VersionInstances =
  | {
      readonly kind: 'changed'
      readonly removed: readonly string[]
      readonly replaced: readonly {
        readonly sopInstanceUID: string
        readonly by: {
          readonly sopInstanceUID: string
          readonly instanceNumber: number | null
          readonly metadata: MetadataRange
        }
      }[]
    }
  | { readonly kind: 'of-version'; readonly version: number }
  /** Undefined: all instances of the version. */
  | {
      readonly kind: 'added'
      readonly from: ImageSetVersion
      readonly sopInstanceUIDs: readonly string[] | undefined
    }

export interface Workflows {
  /**
   * @param request.studyInstanceUID of the version that an update makes
   * @param request.runningMax the quota of running workflows of the operation in the data store; no limit if absent.
   * @throws ContractError if the image sets, or the study, are in different partitions
   */
  begin(request: {
    readonly datastoreId: string
    readonly request: WorkflowRequest
    readonly studyInstanceUID?: string | undefined
    readonly at: number
    readonly runningMax?: number
  }): Promise<BeginWorkflowOutcome>
  /**
   * Begins a DeleteImageSet for each image set of a study or of one of its series, primary or not.
   * @param request.imageSetIds those that are expected there
   */
  beginDeletions(request: {
    readonly datastoreId: string
    readonly studyInstanceUID: string
    readonly seriesInstanceUID?: string | undefined
    readonly imageSetIds: readonly string[]
    readonly at: number
    readonly runningMax?: number
  }): Promise<BeginDeletionsOutcome>
  /** Claims the oldest workflow that was never claimed; else the one that was released first. */
  claim(request: {
    readonly owner: string
    readonly now: number
    readonly leaseUntil: number
  }): Promise<ClaimedWorkflow | undefined>
  renew(lease: WorkflowLease, leaseUntil: number): Promise<void>
  /** Gives up the lease. Workflows that were never claimed, or released earlier, are claimed first. */
  release(lease: WorkflowLease, at: number): Promise<void>
  /** As of import jobs. */
  expireLeases(workerIds: readonly string[] | 'all', at: number): Promise<void>
  /**
   * Publishes the versions of all its image sets and unlocks these, in one transaction. `conflicts`, with no effect: the new image set can
   * no longer be primary.
   * @throws DeclarationsChanged; ContractError if a version is of a study in another partition
   */
  complete(
    lease: WorkflowLease,
    end: {
      readonly versions: readonly VersionToPublish[]
      /** Of the new blobs. */
      readonly digests: BlobDigests
      readonly at: number
      /** Of the declared attributes that the versions have texts of. */
      readonly revision: number
    },
  ): Promise<'completed' | 'conflicts'>
  /** Ends the workflow. The failed version has the content of the version before. */
  fail(lease: WorkflowLease, end: { readonly message: string; readonly at: number }): Promise<void>
  /** Ends a DeleteImageSet. The image set is no longer visible except as DELETED. */
  completeDeletion(lease: WorkflowLease, at: number): Promise<void>
}
