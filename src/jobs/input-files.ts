/** The files of a job: what lies under its input URI, in byte order of the keys. */

import { type Bucket, type BucketEntry, isUnreadable } from '../stores/locations/locations.ts'
import { s3Place } from '../stores/locations/s3-uri.ts'
import { StoreUnavailable } from '../stores/store-unavailable.ts'
import { JobFailed } from './job-failed.ts'

export interface InputFiles {
  readonly inputS3Uri: string
  /** The key to go on behind. */
  readonly after: string | undefined
  /** Keys of what is no DICOM file of the job. */
  readonly except?: ReadonlySet<string>
}

/**
 * A URI means the object of exactly that name and everything in the folder of that name; `s3://b/in/1` is not the start of
 * `s3://b/in/10/a.dcm`. What lies there and cannot be read comes along.
 * @throws StoreUnavailable where the input cannot be listed just now, JobFailed where it never can be
 */
export async function* inputFiles(bucket: Bucket, input: InputFiles): AsyncGenerator<BucketEntry> {
  try {
    for await (const entry of listed(bucket, input)) if (input.except?.has(entry.key) !== true) yield entry
  } catch (cause) {
    throw cause instanceof StoreUnavailable ? whyNotListed(cause) : cause
  }
}

function whyNotListed(cause: StoreUnavailable): Error {
  const { reason, code } = cause
  if (reason === 'away' || reason === 'busy') return cause
  const [what, toDo] =
    reason === 'access'
      ? ['may not be listed by the server', 'Give its user or its credentials the right to list all of it']
      : ['could not be listed to its end', 'Check the disk or the file system that it lies on']
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
    // A link that leads nowhere, or out of the bucket: there is no folder of that name either.
    if (named?.key === prefix && isUnreadable(named)) return
  }
  for await (const entry of bucket.scan(folder, input.after === undefined ? {} : { after: input.after })) {
    if (!isFolderMark(entry)) yield entry
  }
}

/** S3 consoles make folders as empty objects whose key ends in a slash. */
const isFolderMark = (entry: BucketEntry): boolean =>
  !isUnreadable(entry) && entry.key.endsWith('/') && entry.sizeBytes === 0

async function firstWith(bucket: Bucket, prefix: string): Promise<BucketEntry | undefined> {
  for await (const entry of bucket.scan(prefix)) return entry
  return undefined
}
