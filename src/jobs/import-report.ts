/**
 * Writes the report of a job to its output folder (AWS "Understanding import jobs"): job-output-manifest.json, and one line per file in
 * SUCCESS/success.ndjson, FAILURE/failure.ndjson and WARNING/warning.ndjson. A file without lines is not written. SKIPPED/skipped.ndjson and
 * its member of the manifest are an extension (docs/extensions.md). The report is streamed: a job can have millions of files.
 */
import type { ImportApp } from '../app.ts'
import type { BlobStore } from '../stores/blobs/blob-store.ts'
import type { GeneratedImageSet } from '../stores/catalog/image-set-records.ts'
import type { ImportJob, ReportLine } from '../stores/catalog/import-job-repository.ts'
import { s3Place } from '../stores/locations/s3-uri.ts'
import { putGeneratedOutput } from './job-output.ts'

type Kind = 'success' | 'failure' | 'warning' | 'skipped'

const KINDS: readonly Kind[] = ['success', 'failure', 'warning', 'skipped']
const folderOf = (kind: Kind) => `${kind.toUpperCase()}/`
const CHUNK_CHARACTERS = 64 * 1024

interface Counts {
  imported: number
  customerErrors: number
  serverErrors: number
  warned: number
  skipped: number
}

/** @throws JobFailed if the output cannot be written, StoreUnavailable; an incomplete report may remain then */
export async function writeReport(
  app: ImportApp,
  output: { readonly bucket: BlobStore; readonly job: ImportJob },
): Promise<void> {
  const { bucket, job } = output
  const { prefix } = s3Place(job.outputS3Uri)
  const counts = await count(app.catalog.importJobs.reportLines(job.jobId))
  const linesOf = {
    success: counts.imported,
    failure: counts.customerErrors + counts.serverErrors,
    warning: counts.warned,
    skipped: counts.skipped,
  }
  for (const kind of KINDS) {
    if (linesOf[kind] === 0) continue
    const key = `${prefix}${folderOf(kind)}${kind}.ndjson`
    const texts = lines(app.catalog.importJobs.reportLines(job.jobId), kind)
    await putGeneratedOutput(chunked(texts), (bytes) => bucket.put(key, bytes))
  }
  const imageSets = () => app.catalog.importJobs.generatedImageSets(job.jobId)
  let generated = 0
  for await (const _ of imageSets()) generated += 1
  // Last: a client that sees the manifest finds the files that it names.
  const manifest = manifestText(summaryOf(job, { ...counts, generated }), imageSets())
  await putGeneratedOutput(chunked(manifest), (bytes) => bucket.put(`${prefix}job-output-manifest.json`, bytes))
}

function summaryOf(job: ImportJob, counts: Counts & { readonly generated: number }) {
  const { jobId, datastoreId, inputS3Uri, outputS3Uri } = job
  const { imported, customerErrors, serverErrors, skipped } = counts
  return {
    jobId,
    datastoreId,
    inputS3Uri: inputS3Uri.endsWith('/') ? inputS3Uri : `${inputS3Uri}/`,
    outputS3Uri,
    successOutputS3Uri: `${outputS3Uri}${folderOf('success')}`,
    failureOutputS3Uri: `${outputS3Uri}${folderOf('failure')}`,
    warningsOutputS3Uri: `${outputS3Uri}${folderOf('warning')}`,
    numberOfScannedFiles: imported + customerErrors + serverErrors,
    numberOfImportedFiles: imported,
    numberOfFilesWithCustomerError: customerErrors,
    numberOfFilesWithServerError: serverErrors,
    numberOfGeneratedImageSets: counts.generated,
    ...(skipped === 0 ? {} : { numberOfSkippedFiles: skipped }),
  }
}

/** In parts: a job can generate a million image sets. */
async function* manifestText(summary: object, imageSets: AsyncIterable<GeneratedImageSet>): AsyncGenerator<string> {
  yield `{"jobSummary":${JSON.stringify(summary).slice(0, -1)},"imageSetsSummary":[`
  let separator = ''
  for await (const imageSet of imageSets) {
    yield separator + JSON.stringify(imageSet)
    separator = ','
  }
  yield ']}}'
}

async function count(reportLines: AsyncIterable<ReportLine>): Promise<Counts> {
  const counts: Counts = { imported: 0, customerErrors: 0, serverErrors: 0, warned: 0, skipped: 0 }
  for await (const line of reportLines) {
    if (line.outcome === 'stored') {
      counts.imported += 1
      if (line.warnings.length > 0) counts.warned += 1
    } else if (line.outcome === 'skipped') counts.skipped += 1
    else if (line.exceptionType === 'InternalServerException') counts.serverErrors += 1
    else counts.customerErrors += 1
  }
  return counts
}

async function* lines(reportLines: AsyncIterable<ReportLine>, kind: Kind): AsyncGenerator<string> {
  for await (const line of reportLines) {
    const content = contentOf(line, kind)
    if (content !== undefined) yield `${JSON.stringify(content)}\n`
  }
}

function contentOf(line: ReportLine, kind: Kind) {
  if (line.outcome === 'skipped') return kind === 'skipped' ? { inputFile: line.key, reason: line.message } : undefined
  if (line.outcome === 'failed') {
    const exception = { exceptionType: line.exceptionType, message: line.message }
    return kind === 'failure' ? { inputFile: line.key, exception } : undefined
  }
  if (kind === 'success') return { inputFile: line.key, importResponse: line.imageSet }
  if (kind === 'warning' && line.warnings.length > 0) {
    return { inputFile: line.key, importResponse: { ...line.imageSet, warnings: line.warnings } }
  }
  return undefined
}

async function* chunked(texts: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  let chunk = ''
  for await (const text of texts) {
    chunk += text
    if (chunk.length < CHUNK_CHARACTERS) continue
    yield Buffer.from(chunk)
    chunk = ''
  }
  if (chunk !== '') yield Buffer.from(chunk)
}
