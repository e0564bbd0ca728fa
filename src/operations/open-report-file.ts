/** A file of the report of an import job as it was written, for clients that need more than the first files with a failure. */
import type { App } from '../app.ts'
import { REPORT_FILES, type ReportFile } from '../contract/extensions.ts'
import type { Bytes } from '../contract/shapes.ts'
import { reportPlaceOf } from './report-place.ts'

export async function openReportFile({ file, ...ids }: ReportFile, app: App): Promise<Bytes | undefined> {
  const { bucket, prefix } = await reportPlaceOf(ids, app)
  return bucket.open(`${prefix}${REPORT_FILES[file]}`)
}
