/** Buckets as folders side by side under one: for a server that has its files on a disk and no S3. */
import { mkdir, opendir, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { Bucket, ClosedBucket, Locations } from '../../locations/locations.ts'
import { isBucketName } from '../../locations/s3-uri.ts'
import { openDiskBucket } from './disk-blobs.ts'
import { asUnavailable, codeOf, isAbsent } from './disk-failure.ts'

/** Makes the folder of buckets if it is not there; the buckets in it are the operator's to make. */
export async function openFolderLocations(root: string): Promise<Locations> {
  try {
    await mkdir(root, { recursive: true })
  } catch (error) {
    throw asUnavailable(error, 'the folder of buckets')
  }
  async function openBucket(bucket: string): Promise<Bucket | ClosedBucket> {
    if (!isBucketName(bucket)) return closed('missing', 'This is no name that a bucket can have')
    const folder = join(root, bucket)
    try {
      if (!(await stat(folder)).isDirectory()) return notThere(bucket)
      // Tried in earnest: access(2) asks about another user than the one who reads, where a process has two.
      await (await opendir(folder)).close()
      await stat(join(folder, '.'))
      return await openDiskBucket(folder)
    } catch (error) {
      if (isAbsent(error)) return notThere(bucket)
      const code = codeOf(error)
      if (code === 'EACCES' || code === 'EPERM') {
        return closed('access', `The folder of the bucket "${bucket}" may not be read by the server's user`)
      }
      throw asUnavailable(error, 'the folder of buckets')
    }
  }
  return {
    openBucket,
    async openOwnBucket(bucket) {
      try {
        if (isBucketName(bucket)) await mkdir(join(root, bucket), { recursive: true, mode: 0o700 })
      } catch (error) {
        // A file of that name is for openBucket to tell of.
        if (codeOf(error) !== 'EEXIST') throw asUnavailable(error, 'the folder of buckets')
      }
      return openBucket(bucket)
    },
    async freeBytes(bucket) {
      try {
        const { bavail, bsize } = await statfs(join(root, bucket))
        return bavail * bsize
      } catch (error) {
        throw asUnavailable(error, 'the folder of buckets')
      }
    },
  }
}

const notThere = (bucket: string) =>
  closed(
    'missing',
    `The bucket "${bucket}" does not exist. Make a folder of that name in the server's folder of buckets`,
  )

const closed = (kind: ClosedBucket['closed'], reason: string): ClosedBucket => ({ closed: kind, reason })
