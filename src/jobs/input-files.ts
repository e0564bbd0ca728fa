/** Lists the input of a job in byte order of the keys, and says why a listing failed. */
import { type Bucket, type BucketEntry, isUnreadable } from '../stores/locations/locations.ts'
import { s3Place } from '../stores/locations/s3-uri.ts'
import { StoreUnavailable } from '../stores/store-unavailable.ts'
import { JobFailed } from './job-failed.ts'

export interface InputFiles {
  readonly inputS3Uri: string
  /** Only keys after this one. */
  readonly after: string | undefined
  /** Keys that are left out. */
  readonly except?: ReadonlySet<string>
}

/**
 * A URI means the object of exactly that name and everything in the folder of that name: `s3://b/in/1` does not match `s3://b/in/10/a.dcm`.
 * Unreadable entries are listed too.
 * @throws StoreUnavailable if the listing failed and may succeed later, JobFailed if a retry would not help
 */
export async function* inputFiles(bucket: Bucket, input: InputFiles): AsyncGenerator<BucketEntry> {
  try {
    for await (const entry of listed(bucket, input)) if (input.except?.has(entry.key) !== true) yield entry
  } catch (cause) {
    throw cause instanceof StoreUnavailable ? listingError(cause) : cause
  }
}

function listingError(cause: StoreUnavailable): Error {
  const { reason, code } = cause
  if (reason === 'away' || reason === 'busy') return cause
  const [what, toDo] =
    reason === 'access'
      ? ['cannot be listed by the server', 'Give its user or its credentials the right to list all of it']
      : ['could not be listed completely', 'Check the disk or the file system that it is on']
  return new JobFailed(
    `The input location ${what} (${code}), so nothing was imported. ${toDo}, and start the job again`,
    { cause },
  )
}

async function* listed(bucket: Bucket, input: InputFiles): AsyncGenerator<BucketEntry> {
  const { prefix } = s3Place(input.inputS3Uri)
  const folder = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`
  if (folder !== prefix && (input.after === undefined || input.after < prefix)) {
    const named = await firstWith(bucket, prefix)
    if (named?.key === prefix) yield named
    // A broken link, or one that leads out of the bucket: there is no folder of that name either.
    if (named?.key === prefix && isUnreadable(named)) return
  }
  for await (const entry of bucket.scan(folder, input.after === undefined ? {} : { after: input.after })) {
    if (!isFolderMarker(entry)) yield entry
  }
}

/** S3 consoles create folders as empty objects whose key ends in a slash. */
const isFolderMarker = (entry: BucketEntry): boolean =>
  !isUnreadable(entry) && entry.key.endsWith('/') && entry.sizeBytes === 0

async function firstWith(bucket: Bucket, prefix: string): Promise<BucketEntry | undefined> {
  for await (const entry of bucket.scan(prefix)) return entry
  return undefined
}
