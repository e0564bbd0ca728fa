/** The catalog's wrapped data keys. Only the key service can unwrap them (docs/operating/encryption.md). */

export interface DataKeyRecord {
  /** The ARN of the key that wraps it. */
  readonly keyArn: string
  /** Undefined until it is first needed, and after it was destroyed. */
  readonly wrapped: Uint8Array | undefined
  readonly isDestroyed: boolean
}

export interface WrappedDataKey {
  /** A data store, or uploads (UPLOADS_OWNER). */
  readonly ownerId: string
  readonly wrapped: Uint8Array
}

/** Uploads wait for an import job, which names their data store. */
export const UPLOADS_OWNER = 'uploads'

export interface DataKeyRecords {
  /** Undefined for a data store that is not encrypted. */
  get(ownerId: string): Promise<DataKeyRecord | undefined>
  /** Records that the owner has a data key, unless it is recorded. Datastores.create does so for data stores. */
  add(owner: { readonly ownerId: string; readonly keyArn: string }): Promise<void>
  /**
   * Stores the wrapped key if `replaces` is what is stored: undefined if nothing is.
   * @returns what is stored then
   */
  put(key: WrappedDataKey & { readonly replaces: Uint8Array | undefined }): Promise<DataKeyRecord | undefined>
  /** Those that the key wraps. */
  list(keyArn: string): Promise<readonly WrappedDataKey[]>
}
