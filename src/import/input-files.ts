/** The files of a job: what lies under its input URI, in byte order of the keys. */
import { s3Place } from '../imaging/s3-uri.ts'
import type { BlobEntry, BlobStore } from '../stores/blob-store.ts'
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
 * `s3://b/in/10/a.dcm`.
 */
export async function* inputFiles(bucket: BlobStore, input: InputFiles): AsyncGenerator<BlobEntry> {
  try {
    for await (const entry of listed(bucket, input)) if (input.except?.has(entry.key) !== true) yield entry
  } catch (cause) {
    // The input is the caller's: what cannot be listed there does not get better by waiting, as our own stores do.
    if (!(cause instanceof StoreUnavailable)) throw cause
    throw new JobFailed(`The input location cannot be listed: ${cause.reason}`, { cause })
  }
}

async function* listed(bucket: BlobStore, input: InputFiles): AsyncGenerator<BlobEntry> {
  const { prefix } = s3Place(input.inputS3Uri)
  const folder = prefix === '' || prefix.endsWith('/') ? prefix : `${prefix}/`
  if (folder !== prefix && (input.after === undefined || input.after < prefix)) {
    const named = await firstWith(bucket, prefix)
    if (named?.key === prefix) yield named
  }
  for await (const entry of bucket.list(folder, input.after === undefined ? {} : { after: input.after })) {
    // S3 consoles make folders as empty objects whose key ends in a slash.
    if (!entry.key.endsWith('/')) yield entry
  }
}

async function firstWith(bucket: BlobStore, prefix: string): Promise<BlobEntry | undefined> {
  for await (const entry of bucket.list(prefix)) return entry
  return undefined
}
