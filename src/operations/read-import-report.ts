/** Reads the report in the output folder of an import job: counts, and the first files with a failure or a warning. */
import type { App } from '../app.ts'
import { type ImportReport, REPORT_FILES } from '../contract/extensions.ts'
import type { BlobStore } from '../stores/blobs/blob-store.ts'
import { type ReportedFile, reportCounts, reportedFiles } from './report-lines.ts'
import { reportPlaceOf, shownKey } from './report-place.ts'

export async function readImportReport(
  ids: { readonly datastoreId: string; readonly jobId: string },
  app: App,
): Promise<ImportReport | undefined> {
  const place = await reportPlaceOf(ids, app)
  const { bucket, prefix } = place
  const counts = await reportCounts(place)
  if (counts === undefined) return undefined
  const max = app.limits.reportFiles
  const failures = await firstFiles(bucket, `${prefix}${REPORT_FILES.failure}`, max)
  const warnings = await firstFiles(bucket, `${prefix}${REPORT_FILES.warning}`, max)
  return {
    ...counts,
    failures: failures.first.map(({ key, exceptionType, messages }) => ({
      file: shownKey(place, key),
      exceptionType: exceptionType!,
      message: messages[0]!,
    })),
    warnings: warnings.first.map(({ key, messages }) => ({ file: shownKey(place, key), messages })),
    hasMore: failures.hasMore || warnings.hasMore,
  }
}

async function firstFiles(
  bucket: BlobStore,
  key: string,
  max: number,
): Promise<{ readonly first: readonly ReportedFile[]; readonly hasMore: boolean }> {
  const first: ReportedFile[] = []
  for await (const { file } of reportedFiles(bucket, key)) {
    if (first.length === max) return { first, hasMore: true }
    first.push(file)
  }
  return { first, hasMore: false }
}
