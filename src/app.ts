/** All that an operation or an import may use, handed down as an argument. Types only: main.ts is where they become real. */

import type { Limits } from './limits.ts'
import type { FrameThreads } from './pixel-data/threads/frame-threads.ts'
import type { BlobStore } from './stores/blobs/blob-store.ts'
import type { Catalog } from './stores/catalog/catalog.ts'
import type { Locations } from './stores/locations/locations.ts'

export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** Access keys known to the door: the secret of an access key id, or undefined. */
export interface Credentials {
  secretOf(accessKeyId: string): string | undefined
}

/** Work that goes on after its request was answered; a stopping server waits for it. */
export interface Background {
  run(name: string, work: () => Promise<void>): void
}

/** What the import room needs; the same in a worker thread and in the server's own. */
export interface ImportApp {
  readonly catalog: Catalog
  readonly blobs: BlobStore
  readonly locations: Locations
  readonly clock: () => number
  /** 32 lower-case hex digits. */
  readonly newId: () => string
  readonly log: Log
  readonly limits: Limits
  /** Where frames are decoded and encoded. */
  readonly frames: FrameThreads
}

/** Sealed, URL-safe page tokens: nobody but us can read or make one, and each is good for its own request only. */
export interface PageTokens {
  /** `request` is whatever must be the same on the next page; `position` where it goes on. */
  seal(request: unknown, position: unknown): string
  /** The position, or undefined where the token is not ours or was given for another request. */
  open(request: unknown, token: string): unknown
}

/** When image sets were last read: metadata or frames, by whoever. */
export interface AccessTimes {
  note(imageSet: { readonly datastoreId: string; readonly imageSetId: string }): void
  /** Undefined where it was not read lately; the catalog knows of earlier times. */
  lastOf(imageSetId: string): number | undefined
}

/** Memory for replies, lent and given back: fresh memory for each half a megabyte costs more than reading it. */
export interface ReplyBuffers {
  /** Of each. */
  readonly sizeBytes: number
  lend(): Uint8Array
  giveBack(buffer: Uint8Array): void
}

/** How many bytes the uploads of each access key take, on their way and until they are removed. */
export interface UploadUsage {
  /**
   * Reserves bytes; undefined where they would go beyond the limit. What it answers is to be called when the bytes are stored, or are not.
   * `count` adds up what is stored.
   */
  take(
    wanted: { readonly owner: string; readonly bytes: number; readonly limitBytes: number },
    count: () => Promise<number>,
  ): Promise<((isStored: boolean) => void) | undefined>
  /** Something was removed: all is counted again when it is next asked. */
  forget(): void
}

export interface App extends Omit<ImportApp, 'frames'> {
  readonly credentials: Credentials
  readonly pageTokens: PageTokens
  readonly background: Background
  readonly accessTimes: AccessTimes
  readonly replyBuffers: ReplyBuffers
  readonly uploadUsage: UploadUsage
  /** Tells the workers that an import job or a workflow waits. */
  readonly workWaits: () => void
  /** Of the ARNs: `arn:aws:medical-imaging:{region}:{accountId}:datastore/...`. */
  readonly region: string
  readonly accountId: string
  /** The service's own quotas and throttles are in force (`--aws-quotas`). */
  readonly awsQuotas: boolean
}
