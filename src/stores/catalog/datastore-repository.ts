/** Data stores (AWS DatastoreProperties), and the client tokens that make requests idempotent. */
import type { DatastoreStatus, LosslessStorageFormat } from '../../contract/datastores.ts'
import type { TypeOf } from '../../contract/shapes.ts'

export interface Datastore {
  readonly datastoreId: string
  readonly datastoreName: string | undefined
  readonly datastoreStatus: TypeOf<typeof DatastoreStatus>
  readonly kmsKeyArn: string | undefined
  readonly lambdaAuthorizerArn: string | undefined
  readonly losslessStorageFormat: TypeOf<typeof LosslessStorageFormat>
  readonly createdAt: number
  readonly updatedAt: number
}

/** A client token identifies one request. Two requests with equal parameters have the same `fingerprint`. */
export interface ClientTokenUse {
  readonly clientToken: string
  readonly fingerprint: string
  /** Uses before this time are ignored. */
  readonly usedSince: number
}

export type CreateDatastoreOutcome =
  | { readonly outcome: 'created' | 'repeated'; readonly datastore: Datastore }
  | { readonly outcome: 'token-conflict' | 'too-many' }

export type DeleteDatastoreOutcome =
  | 'deleting'
  | 'absent'
  | 'not-active'
  | 'holds-image-sets'
  | 'import-running'
  /** The reason, a sentence without a full stop. */
  | { readonly lockedBy: string }

export interface Datastores {
  /**
   * @param request.activeMax the quota of data stores that are not deleted; no limit if absent.
   * @param request.partitions over how many partitions its studies are spread: 1 if absent.
   * @param request.dataKeyArn the key that wraps its data key; not encrypted if absent.
   */
  create(request: {
    readonly datastore: Datastore
    readonly tags: Readonly<Record<string, string>>
    readonly token: ClientTokenUse
    readonly activeMax?: number
    readonly dataKeyArn?: string
    readonly partitions?: number
  }): Promise<CreateDatastoreOutcome>
  /** Includes a data store that was deleted after `deletedSince`. */
  get(datastoreId: string, options: { readonly deletedSince: number }): Promise<Datastore | undefined>
  /** Newest first, after the given one; at most `limit`. */
  list(request: {
    readonly status: Datastore['datastoreStatus'] | undefined
    readonly deletedSince: number
    readonly after: { readonly createdAt: number; readonly datastoreId: string } | undefined
    readonly limit: number
  }): Promise<readonly Datastore[]>
  /** Completes a transition: CREATING becomes ACTIVE, DELETING becomes DELETED. Any other status stays. */
  settle(datastoreId: string, at: number): Promise<void>
  /** Ids of the data stores that are CREATING or DELETING, for example after a crash. */
  unsettled(): Promise<readonly string[]>
  /** Changes an ACTIVE data store to DELETING and destroys its data key, if it has no image sets and no running import jobs. */
  beginDelete(datastoreId: string, at: number): Promise<DeleteDatastoreOutcome>
}
