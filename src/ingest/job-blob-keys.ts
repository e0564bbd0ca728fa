/** Keys of the blobs that an import job writes. They share the folder of the job, so that a job that resumes finds unrecorded blobs. */
import type { ImportApp } from '../app.ts'
import type { ImportJob } from '../stores/catalog/import-job-repository.ts'

/** How long blobs begin with the same two digits, by which a disk spreads them over folders: a new folder costs more fsyncs than a blob. */
const SAME_DIGITS_MS = 10_000

export const blobFolder = (job: Pick<ImportJob, 'datastoreId' | 'jobId'>): string => `${job.datastoreId}/${job.jobId}/`

export function newBlobKey(app: Pick<ImportApp, 'clock' | 'newId'>, job: ImportJob): string {
  const digits = Math.floor(app.clock() / SAME_DIGITS_MS) % 256
  return `${blobFolder(job)}${digits.toString(16).padStart(2, '0')}${app.newId().slice(2)}`
}
