/** Reads the report in the output folder of an import job: counts, and the first files with a failure or a warning. */
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import type { App } from '../app.ts'
import { ContractError } from '../contract/errors.ts'
import type { ImportReport } from '../contract/extensions.ts'
import type { BlobStore } from '../stores/blobs/blob-store.ts'
import { isClosed } from '../stores/locations/locations.ts'
import { s3Place } from '../stores/locations/s3-uri.ts'
import { knownDatastore } from './datastore-access.ts'

/** The counts come before the list of image sets in the manifest, which may be long. */
const MANIFEST_HEAD_BYTES = 16 * 1024

const COUNTS = {
  scanned: 'numberOfScannedFiles',
  imported: 'numberOfImportedFiles',
  customerErrors: 'numberOfFilesWithCustomerError',
  serverErrors: 'numberOfFilesWithServerError',
  imageSets: 'numberOfGeneratedImageSets',
  skipped: 'numberOfSkippedFiles',
} as const

export async function readImportReport(
  ids: { readonly datastoreId: string; readonly jobId: string },
  app: App,
): Promise<ImportReport | undefined> {
  await knownDatastore(app, ids.datastoreId)
  const job = await app.catalog.importJobs.get(ids)
  if (job === undefined) {
    throw new ContractError('ResourceNotFoundException', `Data store ${ids.datastoreId} has no import job ${ids.jobId}`)
  }
  const { bucket: name, prefix } = s3Place(job.outputS3Uri)
  const bucket = await app.bucketsOf(job.dataAccessRoleArn).openBucket(name)
  if (isClosed(bucket)) throw new ContractError('ConflictException', `The report cannot be read. ${bucket.reason}.`)

  const manifest = await bucket.open(`${prefix}job-output-manifest.json`, { start: 0, length: MANIFEST_HEAD_BYTES })
  if (manifest === undefined) return undefined
  const head = await textOf(manifest.bytes)
  const count = (name: string) => Number(new RegExp(`"${name}":(\\d+)`).exec(head)?.[1] ?? 0)
  const max = app.limits.reportFiles
  const failures = await linesOf<FailureLine>(bucket, `${prefix}FAILURE/failure.ndjson`, max)
  const warnings = await linesOf<WarningLine>(bucket, `${prefix}WARNING/warning.ndjson`, max)
  const input = s3Place(job.inputS3Uri).prefix
  const shown = (key: string) => (key.startsWith(input) ? key.slice(input.length) : key)
  return {
    scanned: count(COUNTS.scanned),
    imported: count(COUNTS.imported),
    failed: count(COUNTS.customerErrors) + count(COUNTS.serverErrors),
    skipped: count(COUNTS.skipped),
    imageSets: count(COUNTS.imageSets),
    failures: failures.first.map(({ inputFile, exception }) => ({ file: shown(inputFile), ...exception })),
    warnings: warnings.first.map(({ inputFile, importResponse }) => ({
      file: shown(inputFile),
      messages: importResponse.warnings.map(({ message }) => message),
    })),
    hasMore: failures.hasMore || warnings.hasMore,
  }
}

interface FailureLine {
  readonly inputFile: string
  readonly exception: { readonly exceptionType: string; readonly message: string }
}
interface WarningLine {
  readonly inputFile: string
  readonly importResponse: { readonly warnings: readonly { readonly message: string }[] }
}

/** An absent file has no lines. */
async function linesOf<Line>(
  bucket: BlobStore,
  key: string,
  max: number,
): Promise<{ readonly first: Line[]; readonly hasMore: boolean }> {
  const file = await bucket.open(key)
  if (file === undefined) return { first: [], hasMore: false }
  const first: Line[] = []
  const stream = Readable.from(file.bytes)
  try {
    for await (const line of createInterface({ input: stream, crlfDelay: Number.POSITIVE_INFINITY })) {
      if (first.length === max) return { first, hasMore: true }
      first.push(JSON.parse(line) as Line)
    }
    return { first, hasMore: false }
  } finally {
    stream.destroy()
  }
}

async function textOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  let text = ''
  for await (const chunk of bytes) text += Buffer.from(chunk).toString('latin1')
  return text
}
