/** Keys of the blobs that an import job writes. They share the folder of the job, so that a job that resumes finds unrecorded blobs. */
import type { ImportApp } from '../app.ts'
import type { ImportJob } from '../stores/catalog/import-job-repository.ts'

export const blobFolder = (job: Pick<ImportJob, 'datastoreId' | 'jobId'>): string => `${job.datastoreId}/${job.jobId}/`

export const newBlobKey = (app: Pick<ImportApp, 'newId'>, job: ImportJob): string => `${blobFolder(job)}${app.newId()}`
