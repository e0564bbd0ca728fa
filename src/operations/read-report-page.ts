/** A page of the files that failed, or were imported with a warning, from where the page before ended. */
import type { App } from '../app.ts'
import { ContractError } from '../contract/errors.ts'
import { REPORT_FILES, type ReportPage, type ReportPageRequest } from '../contract/extensions.ts'
import type { BlobStore } from '../stores/blobs/blob-store.ts'
import { reasonsOf, reportedFiles } from './report-lines.ts'
import { reportPlaceOf, shownKey } from './report-place.ts'

export async function readReportPage(request: ReportPageRequest, app: App): Promise<ReportPage> {
  const { file, reason, after = 0, limit = app.limits.reportPageFiles } = request
  if (limit > app.limits.reportPageFiles) {
    throw new ContractError('ValidationException', `A page has at most ${app.limits.reportPageFiles} files.`)
  }
  const place = await reportPlaceOf(request, app)
  const key = `${place.prefix}${REPORT_FILES[file]}`
  if (!(await beginsLine(place.bucket, key, after))) {
    throw new ContractError('ValidationException', 'after must be the next of another page of this report.')
  }
  const files: ReportPage['files'][number][] = []
  for await (const { file: reported, next } of reportedFiles(place.bucket, key, { after })) {
    if (reason === undefined || reasonsOf(reported).includes(reason)) {
      const { key, ...rest } = reported
      files.push({ file: shownKey(place, key), ...rest })
    }
    if (files.length === limit || next - after >= app.limits.reportPageBytes) {
      return (await hasBytes(place.bucket, key, next)) ? { files, next } : { files }
    }
  }
  return { files }
}

const beginsLine = async (bucket: BlobStore, key: string, offset: number): Promise<boolean> =>
  offset === 0 || (await byteAt(bucket, key, offset - 1)) === 10

const hasBytes = async (bucket: BlobStore, key: string, offset: number): Promise<boolean> =>
  (await byteAt(bucket, key, offset)) !== undefined

async function byteAt(bucket: BlobStore, key: string, start: number): Promise<number | undefined> {
  const report = await bucket.open(key, { start, length: 1 })
  for await (const chunk of report?.bytes ?? []) if (chunk.length > 0) return chunk[0]
  return undefined
}
