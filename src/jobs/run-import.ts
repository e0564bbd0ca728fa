/**
 * One import job from its input to its report. Files are recorded in the order of their keys, so an interrupted job resumes after the last
 * recorded key. When all files are recorded, the image sets are published, and the report is written last.
 */
import type { ImportApp } from '../app.ts'
import { blobFolder } from '../ingest/job-blob-keys.ts'
import { JsonMetadataFiles } from '../ingest/json-metadata-files.ts'
import type { BlobStore } from '../stores/blobs/blob-store.ts'
import { type ClaimedJob, type ImportJob, isStoring, type Lease } from '../stores/catalog/import-job-repository.ts'
import { type Bucket, isClosed } from '../stores/locations/locations.ts'
import { s3Place } from '../stores/locations/s3-uri.ts'
import { countInput } from './count-input.ts'
import { importFiles } from './import-files.ts'
import { writeReport } from './import-report.ts'
import { JobFailed } from './job-failed.ts'
import { putOutput } from './job-output.ts'
import { publishGroups } from './publish-groups.ts'
import { removeUnrecordedBlobs } from './unrecorded-blobs.ts'

interface JobToRun {
  readonly app: ImportApp
  readonly job: ClaimedJob
  readonly lease: Lease
  /** Aborted when the worker stops or its lease is lost. */
  readonly signal: AbortSignal
}

/** After the attempts that a poison file can cost, those for a job that fails for another reason. */
const MORE_ATTEMPTS = 4

/**
 * @throws JobFailed if the job cannot succeed, the reason of the signal if it was aborted, StoreUnavailable if the input, the output or a
 * store is unavailable and the job is to be retried
 */
export async function runJob(work: JobToRun): Promise<void> {
  const { app, job, lease, signal } = work
  if (job.attempt > app.limits.importAttempts + MORE_ATTEMPTS) {
    throw new JobFailed('The import failed repeatedly without making progress. The log of the server may say why')
  }
  const checkLease = () => app.catalog.importJobs.renew(lease, app.clock() + app.limits.importLeaseMs)
  if (isStoring(job)) {
    // Its server has stopped. What was recorded is whole, and may be published unless it was answered already.
    await removeUnrecordedBlobs(app, { folder: blobFolder(job), checkLease })
    return publishGroups(work)
  }
  const inputBucket = await openBucket(app, job, 'input')
  const output = await openBucket(app, job, 'output')
  await checkWritable(app, output, job)
  const input = { bucket: inputBucket, prefix: s3Place(job.inputS3Uri).prefix }
  const metadata = new JsonMetadataFiles(app, { input, job })
  const except = metadata.keys
  await app.inSpan('count input', {}, () => countInput({ app, job, lease, signal }, { bucket: inputBucket, except }))
  await removeUnrecordedBlobs(app, { folder: blobFolder(job), checkLease })
  await app.inSpan('import files', {}, () => importFiles(work, { input, metadata }))
  await app.inSpan('publish image sets', {}, () => publishGroups(work))
  await app.inSpan('write report', {}, () => writeReport(app, { bucket: output, job }))
}

async function openBucket(app: ImportApp, job: ImportJob, end: 'input' | 'output'): Promise<Bucket> {
  const { bucket: name } = s3Place(end === 'input' ? job.inputS3Uri : job.outputS3Uri)
  const bucket = await app.bucketsOf(job.dataAccessRoleArn).openBucket(name)
  if (isClosed(bucket)) throw new JobFailed(`The ${end} bucket cannot be used: ${bucket.reason}`)
  return bucket
}

/** Fails the job before anything is imported, if its report could not be written. */
async function checkWritable(app: ImportApp, bucket: BlobStore, job: ImportJob): Promise<void> {
  const key = `${s3Place(job.outputS3Uri).prefix}.write-check-${app.newId()}`
  await putOutput(async () => {
    await bucket.put(key, Buffer.from('ok'))
    await bucket.remove([key])
  })
}
