/** What operations and jobs receive as an argument. Types only: main.ts and testing.ts create the values. */

import type { StoreRequests } from './contract/store-requests.ts'
import type { Limits } from './limits.ts'
import type { ImagePixel } from './pixel-data/element/image-pixel.ts'
import type { FrameThreads, WaitingFrame, WaitingRendering } from './pixel-data/threads/frame-threads.ts'
import type { AuditLog } from './security/audit/audit-log.ts'
import type { Authorize } from './security/authorization/authorize.ts'
import type { Authorizers } from './security/authorizers/authorizers.ts'
import type { Callers } from './security/callers/callers.ts'
import type { SharedLinks } from './security/callers/one-time-links.ts'
import type { BlobStore } from './stores/blobs/blob-store.ts'
import type { Catalog } from './stores/catalog/catalog.ts'
import type { BucketsOfRole, Locations } from './stores/locations/locations.ts'

export interface Log {
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

/** Work that continues after its request was answered. A stopping server waits for it. */
export interface Background {
  run(name: string, work: () => Promise<void>): void
}

/** Runs a step, which is a span of the trace of its request or job if traces are sent. Attributes are ids that Hilum made, and numbers. */
export type InSpan = <T>(
  name: string,
  attributes: Readonly<Record<string, string | number>>,
  step: () => Promise<T>,
) => Promise<T>

/** What jobs receive, in a worker thread or in the server's own thread. */
export interface ImportApp {
  readonly catalog: Catalog
  readonly blobs: BlobStore
  readonly locations: Locations
  /** The same buckets with the credentials of a role. */
  readonly bucketsOf: BucketsOfRole
  readonly clock: () => number
  /** 32 lower-case hex digits. */
  readonly newId: () => string
  readonly log: Log
  readonly limits: Limits
  readonly inSpan: InSpan
  /** Decodes and encodes frames. */
  readonly frames: FrameThreads
}

/** Encrypted, URL-safe page tokens. Each is valid for one request only, and only the servers of one catalog can read it. */
export interface PageTokens {
  /** `request` is what must be the same for the next page; `position` is where that page begins. */
  seal(request: unknown, position: unknown): string
  /** The position; undefined for a token of another catalog or another request. */
  open(request: unknown, token: string): unknown
}

/** When the metadata or a frame of an image set was last read. */
export interface AccessTimes {
  note(imageSet: { readonly datastoreId: string; readonly imageSetId: string }): void
  /** Undefined where it was not read recently: the catalog has earlier times. */
  lastOf(imageSetId: string): number | undefined
}

/** A pool of buffers for replies: allocating half a megabyte costs more than reading it from disk. */
export interface ReplyBuffers {
  /** Of each buffer. */
  readonly sizeBytes: number
  lend(): Uint8Array
  giveBack(buffer: Uint8Array): void
  /** Fills with zeros those that are not lent. */
  overwrite(): void
}

/** Decodes stored frames for replies (src/server/frame-decoder.ts). */
export interface FrameDecoder {
  /** How many frames of one reply may be decoded ahead of the one that is sent. */
  framesAhead(pixel: ImagePixel): number
  /** Waits while other replies take all memory. @throws TemporarilyUnavailable if that lasts, and the error of reading the frame */
  decode(frame: StoredFrameToDecode): Promise<DecodedFrame>
  /** As `decode`, and makes an image that browsers show. */
  render(frame: StoredFrameToDecode & Pick<WaitingRendering, 'rendering'>): Promise<RenderedFrame>
}

type StoredFrameToDecode = Pick<WaitingFrame, 'transferSyntaxUID' | 'pixel' | 'sizeBytes' | 'read'>

export type DecodedFrame =
  | {
      readonly kind: 'decoded'
      /** Sample by sample and pixel by pixel, little endian; single bits take a byte each. */
      readonly cells: Uint8Array
      readonly photometricInterpretation: string
      /** To be called once, when the cells are sent or dropped. */
      readonly giveBack: () => void
    }
  /** The reason contains no data of the frame. */
  | { readonly kind: 'broken'; readonly reason: string }

export type RenderedFrame =
  | { readonly kind: 'rendered'; readonly image: Uint8Array; readonly giveBack: () => void }
  | { readonly kind: 'broken'; readonly reason: string }

/** The bytes that the uploads of each caller occupy, from the request until they are removed. */
export interface UploadUsage {
  /**
   * Reserves bytes; undefined where the limit would be exceeded. Call the returned function when the bytes are stored, or storing them
   * failed. `count` adds up the stored bytes.
   */
  take(
    wanted: { readonly owner: string; readonly bytes: number; readonly limitBytes: number },
    count: () => Promise<number>,
  ): Promise<((isStored: boolean) => void) | undefined>
  /** Uploads were removed: stored bytes are counted again before the next reservation. */
  forget(): void
}

/** The token buckets of throttles, exact over all processes of the server. Several servers have a share of the rate each. */
interface ThrottleBuckets {
  /** Takes a token. Returns the seconds until there is one, if there is none. `now` is in milliseconds. */
  take(
    name: string,
    rate: { readonly perSecond: number; readonly burst: number },
    now: number,
  ): number | undefined | Promise<number | undefined>
}

/** The data keys of encrypted data stores (src/security/keys/data-keys.ts). */
interface DataKeyAccess {
  /** For a new data store: the ARN of the key that wraps its data key; undefined if it is not encrypted. @throws ContractError */
  keyFor(kmsKeyArn: string | undefined): Promise<string | undefined>
  /** Whether image sets of the data store may be used: undefined if so, a promise if a key service has to be asked. @throws ContractError */
  check(datastoreId: string): Promise<void> | undefined
  /** Of a data store that is deleted. */
  forget(datastoreId: string): void
}

export interface App extends Omit<ImportApp, 'frames' | 'inSpan'>, SharedLinks {
  readonly callers: Callers
  /** Of bearer tokens, by the `lambdaAuthorizerArn` of the data store. */
  readonly authorizers: Authorizers
  /** Called before the handler of every signed request. */
  readonly authorize: Authorize
  /** Every request is recorded before its answer. */
  readonly audit: AuditLog
  readonly pageTokens: PageTokens
  readonly dataKeys: DataKeyAccess
  readonly background: Background
  readonly accessTimes: AccessTimes
  readonly replyBuffers: ReplyBuffers
  readonly frameDecoder: FrameDecoder
  readonly uploadUsage: UploadUsage
  readonly throttleBuckets: ThrottleBuckets
  /** Files that clients send to be stored at once. */
  readonly storeRequests: StoreRequests
  /** How many servers share the catalog now, this one among them. */
  readonly serverCount: () => number
  /** Wakes the workers: an import job or a workflow is waiting. */
  readonly workWaits: () => void
  /** In ARNs: `arn:aws:medical-imaging:{region}:{accountId}:datastore/...`. */
  readonly region: string
  readonly accountId: string
  /** The quotas and throttles of AWS apply (`--aws-quotas`). */
  readonly awsQuotas: boolean
}
