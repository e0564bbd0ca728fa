/**
 * Counts the files of a job before the first is read, for its progress and its limits (`importFilesPerJob`, `importBytesPerJob`,
 * `importFoldersPerJob`). A job that resumes has its count already.
 */
import type { ImportApp } from '../app.ts'
import type { ImportJob, Lease } from '../stores/catalog/import-job-repository.ts'
import { type Bucket, isUnreadable } from '../stores/locations/locations.ts'
import { inputFiles } from './input-files.ts'
import { JobFailed } from './job-failed.ts'

interface JobToCount {
  readonly app: Pick<ImportApp, 'catalog' | 'limits'>
  readonly job: ImportJob
  readonly lease: Lease
  readonly signal: AbortSignal
}

/** @throws JobFailed if the input exceeds a limit or cannot be listed, StoreUnavailable, the reason of the signal */
export async function countInput(
  { app, job, lease, signal }: JobToCount,
  { bucket, except }: { readonly bucket: Bucket; readonly except: ReadonlySet<string> },
): Promise<void> {
  if (job.filesFound !== undefined) return
  const { importFilesPerJob, importBytesPerJob, importFoldersPerJob } = app.limits
  const found = { files: 0, sizeBytes: 0, folders: 0 }
  let folder: string | undefined
  for await (const entry of inputFiles(bucket, { inputS3Uri: job.inputS3Uri, after: undefined, except })) {
    signal.throwIfAborted()
    const { key } = entry
    found.files += 1
    found.sizeBytes += isUnreadable(entry) ? 0 : entry.sizeBytes
    const folderOfKey = key.slice(0, key.lastIndexOf('/') + 1)
    if (folderOfKey !== folder) found.folders += 1
    folder = folderOfKey
    if (found.files > importFilesPerJob) throw tooMuch(`${importFilesPerJob} files`)
    if (found.sizeBytes > importBytesPerJob) throw tooMuch(`${importBytesPerJob} bytes`)
    if (found.folders > importFoldersPerJob) throw tooMuch(`${importFoldersPerJob} folders`)
  }
  await app.catalog.importJobs.setFilesFound(lease, found.files)
}

const tooMuch = (limit: string) => new JobFailed(`The input has more than ${limit}. Import it in several jobs`)
