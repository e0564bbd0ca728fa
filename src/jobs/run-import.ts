/**
 * One import job from its input to its report. Files are stored and recorded in the order of their keys, so a job that was cut off
 * goes on behind the last recorded key; image sets become visible group by group, each in one transaction, once every file is in.
 */
import type { ImportApp } from '../app.ts'
import { ContractError } from '../contract/errors.ts'
import { DicomError } from '../dicom/dicom-error.ts'
import { failureOf } from '../ingest/file-failure.ts'
import { type InputBucket, UnreadableObject } from '../ingest/input-bucket.ts'
import { JsonMetadataFiles } from '../ingest/json-metadata-files.ts'
import { readAhead } from '../ingest/read-ahead.ts'
import { type FileRead, type Reading, readFile } from '../ingest/read-file.ts'
import { BatchWriter, blobFolder, newBlobKey } from '../ingest/store-batch.ts'
import { BufferPool } from '../pixel-data/threads/buffer-pool.ts'
import type { BlobStore } from '../stores/blobs/blob-store.ts'
import type { ClaimedJob, ImportJob, Lease } from '../stores/catalog/import-job-repository.ts'
import {
  type Bucket,
  type BucketEntry,
  type BucketFile,
  isClosed,
  isUnreadable,
  type UnreadableEntry,
} from '../stores/locations/locations.ts'
import { s3Place } from '../stores/locations/s3-uri.ts'
import { writeReport } from './import-report.ts'
import { inputFiles } from './input-files.ts'
import { JobFailed } from './job-failed.ts'
import { putOutput } from './job-output.ts'
import { recordMetadataFailures } from './metadata-failures.ts'
import { publishGroups } from './publish-groups.ts'
import { removeUnrecordedBlobs } from './unrecorded-blobs.ts'

interface Work {
  readonly app: ImportApp
  readonly job: ClaimedJob
  readonly lease: Lease
  /** Aborted when the server stops: the job is left where it is, to go on later. */
  readonly signal: AbortSignal
}

const READ_AHEAD_FILES = 16
/** Beyond the attempts that a bad file may cost, those that a job may cost that dies of something else. */
const MORE_ATTEMPTS = 4

/**
 * @throws JobFailed where the job cannot succeed; the signal's reason where it was told to stop; StoreUnavailable where the input, the
 * output or a store of our own is away, so that it is tried later.
 */
export async function runJob(work: Work): Promise<void> {
  const { app, job, lease } = work
  if (job.attempt > app.limits.importAttempts + MORE_ATTEMPTS) {
    throw new JobFailed('The import died again and again without getting on. The log of the server may say why')
  }
  const input = await openBucket(app, job.inputS3Uri, 'input')
  const output = await openBucket(app, job.outputS3Uri, 'output')
  await checkWritable(app, output, job)
  const inputBucket = { bucket: input, prefix: s3Place(job.inputS3Uri).prefix }
  const metadata = new JsonMetadataFiles(app, { input: inputBucket, job })
  await countFiles(work, input, metadata.keys)
  const stillOurs = () => app.catalog.importJobs.renew(lease, app.clock() + app.limits.importLeaseMs)
  await removeUnrecordedBlobs(app, { folder: blobFolder(job), stillOurs })
  await storeFiles(work, inputBucket, metadata)
  await publishGroups(work)
  await writeReport(app, { bucket: output, job })
}

async function openBucket(app: ImportApp, uri: string, role: 'input' | 'output'): Promise<Bucket> {
  const { bucket: name } = s3Place(uri)
  const bucket = await app.locations.openBucket(name)
  if (isClosed(bucket)) throw new JobFailed(`The ${role} bucket cannot be used: ${bucket.reason}`)
  return bucket
}

/** An output that cannot be written is found out before anything is imported, not after. */
async function checkWritable(app: ImportApp, bucket: BlobStore, job: ImportJob): Promise<void> {
  const key = `${s3Place(job.outputS3Uri).prefix}.write-check-${app.newId()}`
  await putOutput(async () => {
    await bucket.put(key, Buffer.from('ok'))
    await bucket.remove([key])
  })
}

async function countFiles(
  { app, job, lease, signal }: Work,
  input: Bucket,
  except: ReadonlySet<string>,
): Promise<void> {
  if (job.filesFound !== undefined) return
  const { importFilesPerJob, importBytesPerJob, importFoldersPerJob } = app.limits
  const found = { files: 0, sizeBytes: 0, folders: 0 }
  let folder: string | undefined
  for await (const entry of inputFiles(input, { inputS3Uri: job.inputS3Uri, after: undefined, except })) {
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

/**
 * A file that kills the worker (out of memory, a fault in native code) must not do so for ever. Once a job is claimed again without
 * having got on, it goes file by file, so that the one it dies on is the next one; that one is reported and passed over at last.
 */
async function storeFiles(
  { app, job, lease, signal }: Work,
  input: InputBucket,
  metadata: JsonMetadataFiles,
): Promise<void> {
  const { importWholeFileBytes, importReadAheadBytes, importAttempts } = app.limits
  const isIsolated = job.attempt >= importAttempts - 1
  const after = await app.catalog.importJobs.lastRecordedKey(job.jobId)
  const limits = isIsolated ? { ...app.limits, importFilesPerBatch: 1 } : app.limits
  const buffers = new BufferPool({ keptBytesMax: importReadAheadBytes / 4 })
  const writer = new BatchWriter({ ...app, limits }, { job, lease, buffers })
  let isPoison = job.attempt >= importAttempts
  const reading = await readingOf({ app, job, signal }, { input, metadata, buffers })
  const files = readAhead(inputFiles(input.bucket, { inputS3Uri: job.inputS3Uri, after, except: metadata.keys }), {
    limits: { files: isIsolated ? 1 : READ_AHEAD_FILES, bytes: importReadAheadBytes },
    sizeOf: (entry) => (isUnreadable(entry) ? 0 : Math.min(entry.sizeBytes, importWholeFileBytes)),
    read: (entry) => {
      if (isUnreadable(entry)) return Promise.resolve(unreadable(entry))
      if (!isPoison) return readFile(reading, entry)
      isPoison = false
      return Promise.resolve(fatalFile(entry))
    },
  })
  for await (const { item, read } of files) {
    signal.throwIfAborted()
    await storeFile({ reading, writer }, item, read)
    if (isIsolated) await writer.flush()
  }
  await writer.flush()
  buffers.empty()
  await recount({ app, job, lease })
  await recordMetadataFailures(app, { metadata, job, lease, writer, isWhole: after === undefined })
}

/** Files that came or went since they were counted are neither missing nor too many: the progress ends at the number that was read. */
async function recount({ app, job, lease }: Omit<Work, 'signal'>): Promise<void> {
  const now = await app.catalog.importJobs.get(job)
  if (now === undefined || now.filesFound === now.filesDone) return
  const { jobId, filesFound, filesDone } = now
  app.log.warn({ jobId, filesFound, filesDone }, 'the input of an import job changed while it was read')
  await app.catalog.importJobs.setFilesFound(lease, filesDone)
}

async function readingOf(
  { app, job, signal }: Omit<Work, 'lease'>,
  { input, metadata, buffers }: Pick<Reading, 'input' | 'metadata' | 'buffers'>,
): Promise<Reading> {
  const datastore = await app.catalog.datastores.get(job.datastoreId, { deletedSince: 0 })
  if (datastore === undefined) throw new JobFailed('The data store is no longer there')
  let last: Promise<unknown> = Promise.resolve()
  return {
    ...{ app, input, metadata, buffers, signal },
    format: datastore.losslessStorageFormat,
    newBlobKey: () => newBlobKey(app, job),
    inTurn(work) {
      const done = last.then(work)
      last = done.catch(() => {})
      return done
    },
  }
}

const unreadable = ({ key, unreadable: why, reason }: UnreadableEntry): FileRead => ({
  kind: 'unstored',
  file: { outcome: 'failed', key, exceptionType: EXCEPTION_OF[why], message: reason },
})

const EXCEPTION_OF = {
  access: 'AccessDeniedException',
  outside: 'AccessDeniedException',
  damaged: 'InternalServerException',
  unusable: 'ValidationException',
} as const

const fatalFile = ({ key }: BucketFile): FileRead => ({
  kind: 'unstored',
  file: {
    outcome: 'failed',
    key,
    exceptionType: 'InternalServerException',
    message: 'The importer died on this file several times; it was passed over',
  },
})

async function storeFile(
  to: { reading: Reading; writer: BatchWriter },
  entry: Pick<BucketEntry, 'key'>,
  read: FileRead,
): Promise<void> {
  const { reading, writer } = to
  switch (read.kind) {
    case 'unstored':
      return writer.addUnstored(read.file)
    case 'whole':
      return writer.add(entry.key, read)
    case 'large': {
      const { app } = reading
      const blobKey = reading.newBlobKey()
      try {
        const digest = await twiceIfUnreadable(() => app.blobs.put(blobKey, read.bytes()))
        return await writer.addInOwnBlob(entry.key, { blobKey, digest, described: await read.describe(blobKey) })
      } catch (cause) {
        if (!(cause instanceof DicomError || cause instanceof UnreadableObject)) throw cause
        await app.blobs.remove([blobKey])
        return writer.addUnstored(failureOf(app, entry.key, cause))
      }
    }
  }
}

/** A connection that breaks once in gigabytes is no fault of the file. */
async function twiceIfUnreadable<T>(copy: () => Promise<T>): Promise<T> {
  try {
    return await copy()
  } catch (cause) {
    if (!(cause instanceof UnreadableObject) || cause.isDenied) throw cause
    return copy()
  }
}

/** Characters outside the contract's Message pattern, and what would make it too long, are left out. */
export const asJobMessage = (text: string): string => text.replace(/[^\w -:`]/g, ' ').slice(0, 2048)

export const failureMessageOf = (cause: unknown): string =>
  asJobMessage(
    cause instanceof JobFailed || cause instanceof ContractError
      ? cause.message
      : 'The import job failed on the server. Start it again',
  )
