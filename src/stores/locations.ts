/** Opens the buckets that import jobs read from and write their reports to, as blob stores. */
import type { BlobStore } from './blob-store.ts'

/** Why a bucket cannot be used, in words for the caller; `access`: it is there but not for us, `missing`: it is not there. */
export interface ClosedBucket {
  readonly closed: 'missing' | 'access'
  readonly reason: string
}

export interface Locations {
  /** The blob store whose keys are the object keys of the bucket, or why there is none. */
  openBucket(bucket: string): Promise<BlobStore | ClosedBucket>
  /** The same of a bucket that Hilum itself writes to: made where that is ours to do. A bucket of an S3 store is not. */
  openOwnBucket(bucket: string): Promise<BlobStore | ClosedBucket>
}

export const isClosed = (bucket: BlobStore | ClosedBucket): bucket is ClosedBucket => 'closed' in bucket
