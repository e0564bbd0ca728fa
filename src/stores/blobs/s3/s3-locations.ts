/** Buckets of an S3 server. Loaded only where one is configured, since its client is large. */
import { HeadBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { type Bucket, bucketOf, type ClosedBucket, type Locations } from '../../locations/locations.ts'
import { type Bucket as S3Bucket, s3Blobs } from './s3-blobs.ts'
import { asUnavailable, statusOf } from './s3-failure.ts'

interface S3Server {
  /** Default: Amazon's own for the region. */
  readonly endpoint?: string
  readonly region: string
  /** Default: where the AWS tools look for credentials (environment, profile, instance role). */
  readonly accessKeyId?: string
  readonly secretAccessKey?: string
}

const CONNECTION_TIMEOUT_MS = 5_000
/** Without a byte from the server. */
const SILENCE_TIMEOUT_MS = 60_000

export function openS3Locations(server: S3Server): Locations {
  const client = openS3Client(server)
  const open = (bucket: string) => openBucket({ client, bucket, prefix: '', overwriting: 'replace' })
  return { openBucket: open, openOwnBucket: open, freeBytes: async () => undefined }
}

/** A place of our own in a bucket, where blobs are immutable. @param place.prefix empty, or ends in a slash. */
export function openS3Blobs(
  server: S3Server,
  place: { readonly bucket: string; readonly prefix: string },
): Promise<Bucket | ClosedBucket> {
  return openBucket({ client: openS3Client(server), ...place, overwriting: 'refuse' })
}

async function openBucket(at: S3Bucket): Promise<Bucket | ClosedBucket> {
  try {
    await at.client.send(new HeadBucketCommand({ Bucket: at.bucket }))
    return bucketOf(s3Blobs(at))
  } catch (error) {
    const closed = whyClosed(at.bucket, statusOf(error))
    if (closed === undefined) throw asUnavailable(error)
    return closed
  }
}

export function openS3Client({ endpoint, region, accessKeyId, secretAccessKey }: S3Server): S3Client {
  return new S3Client({
    region,
    // A server of one's own has no name per bucket.
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    ...(accessKeyId === undefined || secretAccessKey === undefined
      ? {}
      : { credentials: { accessKeyId, secretAccessKey } }),
    // The newer checksums by default are unknown to many S3 servers.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: { connectionTimeout: CONNECTION_TIMEOUT_MS, socketTimeout: SILENCE_TIMEOUT_MS },
  })
}

function whyClosed(bucket: string, status: number | undefined): ClosedBucket | undefined {
  switch (status) {
    case 404:
      return { closed: 'missing', reason: `The bucket "${bucket}" does not exist` }
    case 401:
    case 403:
      return { closed: 'access', reason: `Access to the bucket "${bucket}" is denied to the server's credentials` }
    case 301:
      return { closed: 'access', reason: `The bucket "${bucket}" is in another region than the server is set to` }
    default:
      return undefined
  }
}
