/**
 * One turn of an import job, from its input to its report. Files are recorded in the order of their keys, so a job resumes after the last
 * recorded key. When all files are recorded, the image sets are published, and the report is written last.
 */
import type { ImportApp } from '../app.ts'
import type { ImportContext } from '../ingest/import-context.ts'
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
import type { Turn } from './turn.ts'
import { parseTurnState, type TurnState } from './turn-state.ts'
import { removeUnrecordedBlobs } from './unrecorded-blobs.ts'

interface JobToRun {
  readonly app: ImportApp
  readonly job: ClaimedJob
  readonly lease: Lease
  /** Aborted when the worker stops or its lease is lost. */
  readonly signal: AbortSignal
  readonly turn: Turn
  /** Of all jobs of the worker. */
  readonly runAlone: ImportContext['runAlone']
}

/** After the attempts that a poison file can cost, those for a job that fails for another reason. */
const MORE_ATTEMPTS = 4

/**
 * @returns undefined if the job is complete; the state with which it goes on if its turn is over
 * @throws JobFailed if the job cannot succeed, the reason of the signal if it was aborted, StoreUnavailable if the input, the output or a
 * store is unavailable and the job is to be retried
 */
export async function runJob(work: JobToRun): Promise<TurnState | undefined> {
  const { app, job, lease } = work
  if (job.attempt > app.limits.importAttempts + MORE_ATTEMPTS) {
    throw new JobFailed('The import failed repeatedly without making progress. The log of the server may say why')
  }
  if (job.turnState === undefined) {
    // Its last worker died or released it, or this is the first.
    const checkLease = () => app.catalog.importJobs.renew(lease, app.clock() + app.limits.importLeaseMs)
    await removeUnrecordedBlobs(app, { folder: blobFolder(job), checkLease })
  }
  // Its server has stopped. What was recorded is whole, and may be published unless it was answered already.
  if (isStoring(job)) return (await publishGroups(work)) === 'turn-over' ? {} : undefined
  return importJob(work, job.turnState === undefined ? {} : parseTurnState(job.turnState))
}

async function importJob(work: JobToRun, state: TurnState): Promise<TurnState | undefined> {
  const { app, job } = work
  const inputBucket = await openBucket(app, job, 'input')
  const output = await openBucket(app, job, 'output')
  if (job.turnState === undefined) await checkWritable(app, output, job)
  const input = { bucket: inputBucket, prefix: s3Place(job.inputS3Uri).prefix }
  const metadata = new JsonMetadataFiles(app, { input, job, used: state.metadata?.keys ?? [] })
  const except = metadata.keys
  const { counted } = state
  const counting = await app.inSpan('count input', {}, () => countInput(work, { bucket: inputBucket, except, counted }))
  if (counting !== undefined) return { counted: counting }
  if (state.isRecorded !== true) {
    const { metadata: usedBefore } = state
    const imported = await app.inSpan('import files', {}, () => importFiles(work, { input, metadata, usedBefore }))
    if (imported !== undefined) return { metadata: imported.used }
  }
  const published = await app.inSpan('publish image sets', {}, () => publishGroups(work))
  if (published === 'turn-over') return { isRecorded: true }
  await app.inSpan('write report', {}, () => writeReport(app, { bucket: output, job }))
  return undefined
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
