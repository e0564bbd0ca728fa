/**
 * Counts the files of a job before the first is read, for its progress and its limits (`importFilesPerJob`, `importBytesPerJob`,
 * `importFoldersPerJob`). A job that resumes has its count already, or what it counted in its last turn.
 */
import type { ImportApp } from '../app.ts'
import type { ImportJob, Lease } from '../stores/catalog/import-job-repository.ts'
import { type Bucket, isUnreadable } from '../stores/locations/locations.ts'
import { inputFiles } from './input-files.ts'
import { JobFailed } from './job-failed.ts'
import type { Turn } from './turn.ts'
import type { CountedInput } from './turn-state.ts'

interface JobToCount {
  readonly app: Pick<ImportApp, 'catalog' | 'limits'>
  readonly job: ImportJob
  readonly lease: Lease
  readonly signal: AbortSignal
  readonly turn: Turn
}

/**
 * @param input.counted in the last turn
 * @returns what was counted if the turn is over, undefined if all is
 * @throws JobFailed if the input exceeds a limit or cannot be listed, StoreUnavailable, the reason of the signal
 */
export async function countInput(
  { app, job, lease, signal, turn }: JobToCount,
  input: { readonly bucket: Bucket; readonly except: ReadonlySet<string>; readonly counted: CountedInput | undefined },
): Promise<CountedInput | undefined> {
  if (job.filesFound !== undefined) return undefined
  const { bucket, except, counted } = input
  const { importFilesPerJob, importBytesPerJob, importFoldersPerJob } = app.limits
  const { after, ...found } = counted ?? { files: 0, sizeBytes: 0, folders: 0, after: undefined }
  let folder = after === undefined ? undefined : folderOf(after)
  for await (const entry of inputFiles(bucket, { inputS3Uri: job.inputS3Uri, after, except })) {
    signal.throwIfAborted()
    const { key } = entry
    found.files += 1
    found.sizeBytes += isUnreadable(entry) ? 0 : entry.sizeBytes
    if (folderOf(key) !== folder) found.folders += 1
    folder = folderOf(key)
    if (found.files > importFilesPerJob) throw tooMuch(`${importFilesPerJob} files`)
    if (found.sizeBytes > importBytesPerJob) throw tooMuch(`${importBytesPerJob} bytes`)
    if (found.folders > importFoldersPerJob) throw tooMuch(`${importFoldersPerJob} folders`)
    turn.progressed()
    if (turn.isOver) return { ...found, after: key }
  }
  await app.catalog.importJobs.setFilesFound(lease, found.files)
  return undefined
}

const folderOf = (key: string): string => key.slice(0, key.lastIndexOf('/') + 1)

const tooMuch = (limit: string) => new JobFailed(`The input has more than ${limit}. Import it in several jobs`)
