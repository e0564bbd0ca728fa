/** Store requests (DICOMweb STOW-RS): files that a client sends in one request, and what becomes of each. Data only. */

interface InstanceUIDs {
  readonly sopClassUID: string
  readonly sopInstanceUID: string
  readonly studyInstanceUID: string
  readonly seriesInstanceUID: string
}

export type StoreOutcome =
  | ({
      readonly outcome: 'stored'
      /** WarningReason (0008,1196). */
      readonly warnings: readonly number[]
    } & InstanceUIDs)
  | {
      readonly outcome: 'failed'
      readonly reason: 'invalid' | 'other-study' | 'server'
      /** A sentence without values of the file. */
      readonly message: string
      /** Undefined where the file could not be read so far. */
      readonly uids: InstanceUIDs | undefined
    }

export interface StoreRequestOptions {
  /** The principal: requests are limited for each. */
  readonly callerId: string
  readonly datastoreId: string
  /** All instances must belong to this study. */
  readonly studyInstanceUID: string | undefined
  /** Files are only kept until `finish`: the end of the request decides whether its bytes are those that were signed. */
  readonly isHeld: boolean
}

export interface StoreRequest {
  /**
   * Takes the bytes of one file, no faster than files are stored. A file whose bytes throw is dropped, and the request can go on.
   * @param options.isOwn nothing else uses the memory of the chunks: it is freed as soon as the file is stored
   * @throws TemporarilyUnavailable; the error of the bytes
   */
  add(bytes: AsyncIterable<Uint8Array>, options?: { readonly isOwn: boolean }): Promise<void>
  /**
   * Stores what was added: when it returns, the stored instances are durable, and every search finds them.
   * @returns what became of each file, in the order of `add`
   * @throws TemporarilyUnavailable, ContractError
   */
  finish(): Promise<readonly StoreOutcome[]>
  /** Files that are held are dropped; others may be stored. Harmless after `finish`. */
  abort(): void
}

export interface StoreRequests {
  /** @throws ContractError if the data store is not ACTIVE, TemporarilyUnavailable */
  open(options: StoreRequestOptions): Promise<StoreRequest>
}
