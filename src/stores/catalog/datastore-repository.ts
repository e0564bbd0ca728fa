/** Data stores (AWS DatastoreProperties), and the client tokens that make a repeated request one request. */
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

/** A client token stands for one request: `fingerprint` is equal where the other parameters are. */
export interface ClientTokenUse {
  readonly clientToken: string
  readonly fingerprint: string
  /** Uses before this moment are forgotten. */
  readonly usedSince: number
}

export type CreateDatastoreOutcome =
  | { readonly outcome: 'created' | 'repeated'; readonly datastore: Datastore }
  | { readonly outcome: 'token-conflict' | 'too-many' }

export type DeleteDatastoreOutcome = 'deleting' | 'absent' | 'not-active' | 'holds-image-sets' | 'import-running'

export interface Datastores {
  /** `activeMax` is the quota of data stores that are not deleted, where one is set. */
  create(request: {
    readonly datastore: Datastore
    readonly tags: Readonly<Record<string, string>>
    readonly token: ClientTokenUse
    readonly activeMax?: number
  }): Promise<CreateDatastoreOutcome>
  /** A deleted one is there as long as it was deleted after `deletedSince`. */
  get(datastoreId: string, options: { readonly deletedSince: number }): Promise<Datastore | undefined>
  /** Newest first, at most `limit`, those after the given one. */
  list(request: {
    readonly status: Datastore['datastoreStatus'] | undefined
    readonly deletedSince: number
    readonly after: { readonly createdAt: number; readonly datastoreId: string } | undefined
    readonly limit: number
  }): Promise<readonly Datastore[]>
  /** CREATING becomes ACTIVE, DELETING becomes DELETED; any other status stays. */
  settle(datastoreId: string, at: number): Promise<void>
  /** Ids of the data stores that a crash left in CREATING or DELETING. */
  unsettled(): Promise<readonly string[]>
  /** Turns an ACTIVE data store without image sets and running jobs to DELETING. */
  beginDelete(datastoreId: string, at: number): Promise<DeleteDatastoreOutcome>
}
