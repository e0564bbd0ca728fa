/**
 * Reads all files of a job that are not recorded yet, in the order of their keys, and stores them. Bounded by READ_AHEAD_FILES and
 * `importReadAheadBytes`.
 *
 * A poison file ends the worker that reads it, by exhausting memory or by a fault in native code. When a job is claimed repeatedly without
 * progress, its files are imported one at a time, so the poison file is the first one that is not recorded. At last it is reported and not
 * read again.
 */
import type { ImportApp } from '../app.ts'
import type { ImportContext } from '../ingest/import-context.ts'
import type { InputBucket } from '../ingest/input-bucket.ts'
import { newBlobKey } from '../ingest/job-blob-keys.ts'
import type { JsonMetadataFiles } from '../ingest/json-metadata-files.ts'
import { readAhead } from '../ingest/read-ahead.ts'
import { type FileRead, readFile } from '../ingest/read-file.ts'
import { BatchWriter } from '../ingest/store-batch.ts'
import { storeFile } from '../ingest/store-file.ts'
import { BufferPool } from '../pixel-data/threads/buffer-pool.ts'
import type { ClaimedJob, Lease } from '../stores/catalog/import-job-repository.ts'
import { type BucketFile, isUnreadable, type UnreadableEntry } from '../stores/locations/locations.ts'
import { inputFiles } from './input-files.ts'
import { JobFailed } from './job-failed.ts'
import { recordMetadataFailures } from './metadata-failures.ts'
import type { Turn } from './turn.ts'
import type { UsedMetadata } from './turn-state.ts'

interface JobToImport {
  readonly app: ImportApp
  readonly job: ClaimedJob
  readonly lease: Lease
  readonly signal: AbortSignal
  readonly turn: Turn
  readonly runAlone: ImportContext['runAlone']
}

interface Input {
  readonly input: InputBucket
  readonly metadata: JsonMetadataFiles
  /** In earlier turns. */
  readonly usedBefore: UsedMetadata | undefined
}

const READ_AHEAD_FILES = 16

/**
 * @returns undefined if all files are recorded; if the turn is over, the JSON metadata that they used, where that is known of all files
 * @throws JobFailed, StoreUnavailable, the reason of the signal
 */
export async function importFiles(
  work: JobToImport,
  { input, metadata, usedBefore }: Input,
): Promise<{ readonly used: UsedMetadata | undefined } | undefined> {
  const { app, job, lease, signal, turn } = work
  const { importWholeFileBytes, importReadAheadBytes, importAttempts } = app.limits
  const isIsolated = job.attempt >= importAttempts - 1
  const after = await app.catalog.importJobs.lastRecordedKey(job.jobId)
  const limits = isIsolated ? { ...app.limits, importFilesPerBatch: 1 } : app.limits
  const buffers = new BufferPool({ keptBytesMax: importReadAheadBytes / 2 })
  const writer = new BatchWriter({ ...app, limits }, { job, lease, buffers })
  let isPoison = job.attempt >= importAttempts
  const context = await newContext(work, { input, metadata, buffers })
  // Without it some files were read by a worker that died.
  const isComplete = after === undefined || usedBefore?.after === after
  const entries = inputFiles(input.bucket, { inputS3Uri: job.inputS3Uri, after, except: metadata.keys })
  let isCut = false
  const untilOver = async function* () {
    for await (const entry of entries) {
      isCut = turn.isOver
      if (isCut) return
      yield entry
    }
  }
  let last = after
  const files = readAhead(untilOver(), {
    limits: { files: isIsolated ? 1 : READ_AHEAD_FILES, bytes: importReadAheadBytes },
    sizeOf: (entry) => (isUnreadable(entry) ? 0 : Math.min(entry.sizeBytes, importWholeFileBytes)),
    read: (entry) => {
      if (isUnreadable(entry)) return Promise.resolve(unreadable(entry))
      if (!isPoison) return readFile(context, entry)
      isPoison = false
      return Promise.resolve(poisonFile(entry))
    },
  })
  for await (const { item, read } of files) {
    signal.throwIfAborted()
    await storeFile({ context, writer }, item.key, read)
    if (isIsolated) await writer.flush()
    last = item.key
    turn.progressed()
  }
  await writer.flush()
  buffers.empty()
  if (isCut) return { used: isComplete ? { keys: metadata.used, after: last! } : undefined }
  await correctFilesFound(work)
  await recordMetadataFailures(app, { metadata, job, lease, writer, isComplete })
  return undefined
}

/** Files can be added or removed after they were counted: the progress of the job ends at the number that was read. */
async function correctFilesFound({ app, job, lease }: JobToImport): Promise<void> {
  const now = await app.catalog.importJobs.get(job)
  if (now === undefined || now.filesFound === now.filesDone) return
  const { jobId, filesFound, filesDone } = now
  app.log.warn({ jobId, filesFound, filesDone }, 'the input of an import job changed while it was read')
  await app.catalog.importJobs.setFilesFound(lease, filesDone)
}

async function newContext(
  { app, job, signal, runAlone }: JobToImport,
  { input, metadata, buffers }: Pick<Input, 'input' | 'metadata'> & { readonly buffers: BufferPool },
): Promise<ImportContext> {
  const datastore = await app.catalog.datastores.get(job.datastoreId, { deletedSince: 0 })
  if (datastore === undefined) throw new JobFailed('The data store is no longer there')
  return {
    ...{ app, input, metadata, buffers, signal, runAlone },
    format: datastore.losslessStorageFormat,
    newBlobKey: () => newBlobKey(app, job),
  }
}

const EXCEPTION_OF = {
  access: 'AccessDeniedException',
  outside: 'AccessDeniedException',
  damaged: 'InternalServerException',
  unusable: 'ValidationException',
} as const

const unreadable = ({ key, unreadable: why, reason }: UnreadableEntry): FileRead => ({
  kind: 'unstored',
  file: { outcome: 'failed', key, exceptionType: EXCEPTION_OF[why], message: reason },
})

const poisonFile = ({ key }: BucketFile): FileRead => ({
  kind: 'unstored',
  file: {
    outcome: 'failed',
    key,
    exceptionType: 'InternalServerException',
    message: 'The import was interrupted several times while it read this file, so the file was not imported',
  },
})
