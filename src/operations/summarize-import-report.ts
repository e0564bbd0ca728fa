/** The counts of a report, and the reasons of its failures and warnings with their numbers of files. */
import type { App } from '../app.ts'
import { type ImportSummary, REPORT_FILES, type ReportReason } from '../contract/extensions.ts'
import type { BlobStore } from '../stores/blobs/blob-store.ts'
import { reasonsOf, reportCounts, reportedFiles } from './report-lines.ts'
import { reportPlaceOf } from './report-place.ts'

/** Messages may have any number of texts: those after so many are not counted. */
const COUNTED_REASONS = 1_000

export async function summarizeImportReport(
  ids: { readonly datastoreId: string; readonly jobId: string },
  app: App,
): Promise<ImportSummary | undefined> {
  const place = await reportPlaceOf(ids, app)
  const counts = await reportCounts(place)
  if (counts === undefined) return undefined
  const failures = await reasonsIn(place.bucket, `${place.prefix}${REPORT_FILES.failure}`, app)
  const warnings = await reasonsIn(place.bucket, `${place.prefix}${REPORT_FILES.warning}`, app)
  return {
    ...counts,
    failureReasons: failures.reasons,
    warningReasons: warnings.reasons,
    hasMoreReasons: failures.hasMore || warnings.hasMore,
  }
}

async function reasonsIn(
  bucket: BlobStore,
  key: string,
  { limits }: App,
): Promise<{ readonly reasons: readonly ReportReason[]; readonly hasMore: boolean }> {
  const filesOf = new Map<string, number>()
  let hasMore = false
  for await (const { file, next } of reportedFiles(bucket, key)) {
    for (const reason of reasonsOf(file)) {
      const files = filesOf.get(reason) ?? 0
      if (files === 0 && filesOf.size === COUNTED_REASONS) hasMore = true
      else filesOf.set(reason, files + 1)
    }
    if (next >= limits.reportReasonsBytes) {
      hasMore = true
      break
    }
  }
  const all = [...filesOf].map(([reason, files]) => ({ reason, files })).sort((a, b) => b.files - a.files)
  const reasons = all.slice(0, limits.reportReasons)
  return { reasons, hasMore: hasMore || all.length > reasons.length }
}
