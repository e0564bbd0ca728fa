/**
 * Updates, copies and deletions of image sets, as the catalog tells them. A workflow (AWS ImageSetWorkflowStatus) is begun by a request,
 * which locks its image sets; whoever claims it makes the bytes of their next versions, and one transaction makes these visible and
 * unlocks them.
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
  /** All primary image sets of the study change with it. */
  readonly includeStudyImageSets: boolean
  readonly update: /** Base64 of JSON, as AWS's DICOMUpdates has them. */
    | { readonly removableAttributes: string | undefined; readonly updatableAttributes: string | undefined }
    | { readonly revertToVersion: number }
}

export interface CopyRequest {
  readonly operation: 'CopyImageSet'
  readonly source: ImageSetVersion
  /** Undefined: a new image set. */
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
 * `changed`: it gets another version, or goes. `sibling`: so does it, because it is of the same study. `created`: it is not there before
 * the workflow ends. `source`: it is read.
 */
export type WorkflowRole = 'changed' | 'sibling' | 'created' | 'source'

/** An image set in the hands of a workflow. */
export interface LockedImageSet extends ImageSetProperties {
  readonly role: WorkflowRole
}

export type BeginWorkflowOutcome =
  /** The one that the request names first, then the others in the order of their ids. */
  | { readonly outcome: 'begun'; readonly imageSets: readonly LockedImageSet[] }
  | { readonly outcome: 'datastore-absent' | 'datastore-not-active' | 'too-many' }
  | { readonly outcome: 'absent' | 'not-latest' | 'locked' | 'not-primary'; readonly imageSetId: string }
  /** It cannot be a primary one: these attributes are not as in the primary image sets of its study. */
  | { readonly outcome: 'conflicts'; readonly attributes: readonly (keyof GroupingElements)[] }
  /** There is a primary image set of its series. */
  | { readonly outcome: 'series-has-primary'; readonly imageSetId: string }

/** A workflow in the hands of a worker. Who claims it anew takes it away from the one before. */
export interface ClaimedWorkflow {
  readonly lease: WorkflowLease
  readonly datastoreId: string
  readonly request: WorkflowRequest
  readonly imageSets: readonly LockedImageSet[]
  /** 1 for the first claim; who claimed it before then died. */
  readonly attempt: number
}

export interface WorkflowLease {
  readonly workflow: number
  readonly owner: string
}

export class WorkflowLeaseLost extends Error {
  override readonly name = 'WorkflowLeaseLost'
  constructor() {
    super('the workflow was taken over by another worker, or has ended')
  }
}

/** The next version of an image set of a workflow, whose bytes are durable. */
export interface VersionToPublish {
  readonly imageSetId: string
  /** New ones lie in blobs that nobody knows of yet. */
  readonly attributes: AttributesRange | SharedWith
  readonly document: DocumentRange | SharedWith
  /** What its levels say: grouping.ts, instance.ts. */
  readonly grouping: GroupingElements
  readonly studyTimestamp: number | null
  /** DICOMTags without the counts: JSON text. */
  readonly tags: string
  readonly instances: VersionInstances
}

/** The same bytes as a version has, of an image set of the same workflow. */
export interface SharedWith {
  readonly sharedWith: ImageSetVersion
}

/** How the instances of a version follow from what there is. */
export type VersionInstances =
  | {
      readonly kind: 'changed'
      readonly removed: readonly string[]
      readonly replaced: readonly {
        readonly sopInstanceUID: string
        readonly by: { readonly sopInstanceUID: string; readonly metadata: MetadataRange }
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
  /** @param request.runningMax the quota of workflows of the operation under way in the data store, where one is set. */
  begin(request: {
    readonly datastoreId: string
    readonly request: WorkflowRequest
    readonly at: number
    readonly runningMax?: number
  }): Promise<BeginWorkflowOutcome>
  /** The oldest that nobody has worked on; else the one that was put down first. */
  claim(request: {
    readonly owner: string
    readonly now: number
    readonly leaseUntil: number
  }): Promise<ClaimedWorkflow | undefined>
  renew(lease: WorkflowLease, leaseUntil: number): Promise<void>
  /** Gives it up so that another worker may go on at once, with others first. */
  release(lease: WorkflowLease, at: number): Promise<void>
  /**
   * The versions of all its image sets become visible in one transaction, and all are unlocked. `conflicts`: what would have been a new
   * primary image set cannot be one any more, and nothing has happened.
   */
  complete(
    lease: WorkflowLease,
    end: {
      readonly versions: readonly VersionToPublish[]
      /** Of the blobs that are new. */
      readonly digests: BlobDigests
      readonly at: number
    },
  ): Promise<'completed' | 'conflicts'>
  /** A failed attempt is a version too, with the content of the one before. */
  fail(lease: WorkflowLease, end: { readonly message: string; readonly at: number }): Promise<void>
  /** Ends a DeleteImageSet: the image set is gone from every answer but that it was deleted. */
  completeDeletion(lease: WorkflowLease, at: number): Promise<void>
}
