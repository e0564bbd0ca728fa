/** Buckets as subfolders of one folder, for a server without S3. */
import { mkdir, opendir, stat, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import type { Bucket, ClosedBucket, Locations } from '../../locations/locations.ts'
import { isBucketName } from '../../locations/s3-uri.ts'
import { openDiskBucket } from './disk-blobs.ts'
import { asUnavailable, codeOf, isAbsent } from './disk-failure.ts'

/** Creates the folder of buckets if it is missing. The operator creates the buckets in it. */
export async function openFolderLocations(root: string): Promise<Locations> {
  try {
    await mkdir(root, { recursive: true })
  } catch (error) {
    throw asUnavailable(error, 'the folder of buckets')
  }
  async function openBucket(bucket: string): Promise<Bucket | ClosedBucket> {
    if (!isBucketName(bucket)) return closed('missing', 'This is not a valid bucket name')
    const folder = join(root, bucket)
    try {
      if (!(await stat(folder)).isDirectory()) return missing(bucket)
      // Not access(2): it checks the real user id, and files are read with the effective one.
      await (await opendir(folder)).close()
      await stat(join(folder, '.'))
      return await openDiskBucket(folder)
    } catch (error) {
      if (isAbsent(error)) return missing(bucket)
      const code = codeOf(error)
      if (code === 'EACCES' || code === 'EPERM') {
        return closed('access', `The folder of the bucket "${bucket}" cannot be read by the server's user`)
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
        // openBucket reports a file of that name.
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

const missing = (bucket: string) =>
  closed(
    'missing',
    `The bucket "${bucket}" does not exist. Create a folder of that name in the server's folder of buckets`,
  )

const closed = (kind: ClosedBucket['closed'], reason: string): ClosedBucket => ({ closed: kind, reason })
