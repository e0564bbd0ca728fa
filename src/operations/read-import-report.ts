/** Reads the report in the output folder of an import job: counts, and the first files with a failure or a warning. */
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import type { App } from '../app.ts'
import { type ImportReport, REPORT_FILES } from '../contract/extensions.ts'
import type { BlobStore } from '../stores/blobs/blob-store.ts'
import { reportPlaceOf } from './report-place.ts'

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
  const { bucket, prefix, inputPrefix } = await reportPlaceOf(ids, app)
  const manifest = await bucket.open(`${prefix}${REPORT_FILES.manifest}`, { start: 0, length: MANIFEST_HEAD_BYTES })
  if (manifest === undefined) return undefined
  const head = await textOf(manifest.bytes)
  const count = (name: string) => Number(new RegExp(`"${name}":(\\d+)`).exec(head)?.[1] ?? 0)
  const max = app.limits.reportFiles
  const failures = await linesOf<FailureLine>(bucket, `${prefix}${REPORT_FILES.failure}`, max)
  const warnings = await linesOf<WarningLine>(bucket, `${prefix}${REPORT_FILES.warning}`, max)
  const shown = (key: string) => (key.startsWith(inputPrefix) ? key.slice(inputPrefix.length) : key)
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
