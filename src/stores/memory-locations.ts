/** Buckets in the memory of this process: for tests and for the library door. A bucket is there once it was made. */
import type { BlobStore } from './blob-store.ts'
import type { Locations } from './locations.ts'
import { openMemoryBlobs } from './memory-blobs.ts'

export interface MemoryLocations extends Locations {
  /** The bucket of that name, made if it is not there. */
  createBucket(bucket: string): BlobStore
}

export function openMemoryLocations(): MemoryLocations {
  const buckets = new Map<string, BlobStore>()
  function createBucket(bucket: string): BlobStore {
    const blobs = buckets.get(bucket) ?? openMemoryBlobs()
    buckets.set(bucket, blobs)
    return blobs
  }
  return {
    createBucket,
    openOwnBucket: async (bucket) => createBucket(bucket),
    async openBucket(bucket) {
      return buckets.get(bucket) ?? { closed: 'missing', reason: `The bucket "${bucket}" does not exist` }
    },
  }
}
