/** Buckets in the memory of this process, for tests and for the embedded server (testing.ts). */
import { type Bucket, bucketOf, type Locations } from '../../locations/locations.ts'
import { openMemoryBlobs } from './memory-blobs.ts'

interface MemoryLocations extends Locations {
  /** The bucket of that name, created if it is missing. */
  createBucket(bucket: string): Bucket
}

export function openMemoryLocations(): MemoryLocations {
  const buckets = new Map<string, Bucket>()
  function createBucket(bucket: string): Bucket {
    const blobs = buckets.get(bucket) ?? bucketOf(openMemoryBlobs())
    buckets.set(bucket, blobs)
    return blobs
  }
  return {
    createBucket,
    openOwnBucket: async (bucket) => createBucket(bucket),
    freeBytes: async () => undefined,
    async openBucket(bucket) {
      return buckets.get(bucket) ?? { closed: 'missing', reason: `The bucket "${bucket}" does not exist` }
    },
  }
}
