/** Buckets of an S3 server. Imported only if one is configured, because its client is large. */
import { HeadBucketCommand, S3Client } from '@aws-sdk/client-s3'
import { type Bucket, bucketOf, type ClosedBucket, type Locations } from '../../locations/locations.ts'
import { StoreUnavailable } from '../../store-unavailable.ts'
import { type AssumedRole, credentialsOfRole } from './assumed-role.ts'
import { type S3Bucket, s3Blobs } from './s3-blobs.ts'
import { inTime, type S3Limits, timedOut } from './s3-deadlines.ts'
import { asUnavailable, statusOf } from './s3-failure.ts'
import type { S3Access } from './s3-reading.ts'

export interface S3Server {
  /** Default: that of AWS for the region. */
  readonly endpoint?: string
  readonly region: string
  /** Default: the credential chain of AWS (environment, profile, instance role). */
  readonly accessKeyId?: string
  readonly secretAccessKey?: string
  /** The access key assumes this role, whose credentials are used. */
  readonly assumedRole?: AssumedRole
  /** Whose credentials these are, in messages. Default: the server. */
  readonly holder?: string
}

export function openS3Locations(server: S3Server, limits: S3Limits): Locations {
  const access = openAccess(server, limits)
  const open = (bucket: string) => openBucket({ ...access, bucket, prefix: '', overwriting: 'replace' }, server.holder)
  return { openBucket: open, openOwnBucket: open, freeBytes: async () => undefined }
}

/** A place of Hilum itself in a bucket, where blobs are immutable. @param place.prefix empty, or ends in a slash */
export function openS3Blobs(
  server: S3Server,
  limits: S3Limits,
  place: { readonly bucket: string; readonly prefix: string },
): Promise<Bucket | ClosedBucket> {
  return openBucket({ ...openAccess(server, limits), ...place, overwriting: 'refuse' })
}

async function openBucket(at: S3Bucket, holder = 'the server'): Promise<Bucket | ClosedBucket> {
  try {
    const command = new HeadBucketCommand({ Bucket: at.bucket })
    await inTime(at.limits, 0, (abortSignal) => at.client.send(command, { abortSignal }))
    return bucketOf(s3Blobs(at))
  } catch (error) {
    if (error instanceof StoreUnavailable && error.reason === 'access') {
      return { closed: 'access', reason: `The server may not assume the role that the job names (${error.code})` }
    }
    const closed = whyClosed(at.bucket, holder, statusOf(error))
    if (closed === undefined) throw asUnavailable(error)
    return closed
  }
}

function openAccess(server: S3Server, limits: S3Limits): S3Access {
  const { s3SilenceTimeoutMs } = limits
  return {
    client: openS3Client(server, limits, { silenceTimeoutMs: s3SilenceTimeoutMs }),
    readingClient: openS3Client(server, limits, { silenceTimeoutMs: 0 }),
    limits,
  }
}

/** @param options.silenceTimeoutMs 0 for none */
export function openS3Client(
  { endpoint, region, accessKeyId, secretAccessKey, assumedRole }: S3Server,
  limits: Pick<S3Limits, 's3ConnectTimeoutMs' | 's3SilenceTimeoutMs' | 's3Connections'>,
  options: { readonly silenceTimeoutMs: number },
): S3Client {
  const { s3ConnectTimeoutMs, s3Connections } = limits
  const agent = { maxSockets: s3Connections }
  const key = accessKeyId === undefined || secretAccessKey === undefined ? undefined : { accessKeyId, secretAccessKey }
  const credentials =
    assumedRole === undefined ? key : credentialsOfRole(assumedRole, { region, credentials: key, limits })
  const client = new S3Client({
    region,
    // Other servers than AWS usually have no host name per bucket.
    ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true }),
    ...(credentials === undefined ? {} : { credentials }),
    // Many S3 servers do not know the newer checksums that the client sends by default.
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    requestHandler: {
      ...{ connectionTimeout: s3ConnectTimeoutMs, socketTimeout: options.silenceTimeoutMs },
      ...{ httpAgent: agent, httpsAgent: agent },
    },
  })
  // After a timeout the client does not retry, because the caller has waited long enough.
  client.middlewareStack.add(
    (next) => (request) =>
      next(request).catch((error: unknown) => {
        throw error instanceof Error && error.name === 'TimeoutError' ? timedOut() : error
      }),
    { step: 'deserialize', name: 'hilumNoRetryAfterTimeout', priority: 'low' },
  )
  return client
}

function whyClosed(bucket: string, holder: string, status: number | undefined): ClosedBucket | undefined {
  switch (status) {
    case 404:
      return { closed: 'missing', reason: `The bucket "${bucket}" does not exist` }
    case 401:
    case 403:
      return { closed: 'access', reason: `Access to the bucket "${bucket}" is denied to the credentials of ${holder}` }
    case 301:
      return {
        closed: 'access',
        reason: `The bucket "${bucket}" is in another region than the server is configured for`,
      }
    default:
      return undefined
  }
}
