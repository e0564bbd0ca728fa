/** Opens the buckets that import jobs read from and write their reports to, as blob stores. */
import type { BlobEntry, BlobStore, ByteRange, OpenBlob } from '../blobs/blob-store.ts'

/** Why a bucket cannot be used, in words for the caller; `access`: it is there but not for us, `missing`: it is not there. */
export interface ClosedBucket {
  readonly closed: 'missing' | 'access'
  readonly reason: string
}

export interface BucketFile extends BlobEntry {
  /** `undefined` where it is no longer there. */
  open(range?: ByteRange): Promise<OpenBlob | undefined>
}

/** An entry that is there, or was when the listing began, and cannot be read as a file. Only buckets that are folders have such entries. */
export interface UnreadableEntry {
  /** Ends in a slash where it is a folder: nothing below it is listed. */
  readonly key: string
  /** `outside`: it leads out of the bucket. `damaged`: the file system failed on this entry. `unusable`: any other reason. */
  readonly unreadable: 'access' | 'outside' | 'damaged' | 'unusable'
  /** A sentence for the caller, without a value from outside. */
  readonly reason: string
}

export type BucketEntry = BucketFile | UnreadableEntry

export interface Bucket extends BlobStore {
  /**
   * Everything whose key starts with the prefix, in byte order of the keys: what can be read, and what cannot. Names that are not UTF-8
   * are percent-escaped in the key, so a key is not always one that `open` of the bucket knows; `open` of the entry always finds it.
   * @throws StoreUnavailable where the listing cannot be finished; what was listed before is then not everything.
   */
  scan(prefix: string, options?: { readonly after?: string }): AsyncIterable<BucketEntry>
}

export interface Locations {
  /** The blob store whose keys are the object keys of the bucket, or why there is none. */
  openBucket(bucket: string): Promise<Bucket | ClosedBucket>
  /** The same of a bucket that Hilum itself writes to: made where that is ours to do. A bucket of an S3 store is not. */
  openOwnBucket(bucket: string): Promise<Bucket | ClosedBucket>
  /** What the disk of a bucket has left; undefined where the bucket is not on a disk of this machine. */
  freeBytes(bucket: string): Promise<number | undefined>
}

/** The buckets that jobs with a role may use. */
export interface RoleBuckets {
  /** Why the role may not use a bucket, in words for the caller; undefined if it may, as far as the configuration says. */
  refusalOf(bucket: string): string | undefined
  /** As `Locations.openBucket`, with the credentials of the role. */
  openBucket(bucket: string): Promise<Bucket | ClosedBucket>
}

/** By the `dataAccessRoleArn` of a job. */
export type BucketsOfRole = (roleArn: string) => RoleBuckets

export const isClosed = (bucket: BlobStore | ClosedBucket): bucket is ClosedBucket => 'closed' in bucket

export const isUnreadable = (entry: BucketEntry): entry is UnreadableEntry => 'unreadable' in entry

/** A bucket of which everything is a blob that can be read. */
export const bucketOf = (blobs: BlobStore): Bucket => ({
  ...blobs,
  async *scan(prefix, options) {
    for await (const entry of blobs.list(prefix, options)) {
      yield { ...entry, open: (range) => blobs.open(entry.key, range) }
    }
  },
})
