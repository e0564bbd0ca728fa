/**
 * What Hilum offers beyond the 18 operations (docs/extensions.md): uploads for import jobs, a job's report as one object, imported files, principals and
 * policies.
 * Generic in the App, since the contract imports no other module.
 */
import type { AccessExtensions } from './access.ts'
import type { AuditPage, AuditSearch } from './audit.ts'
import type { MaintenanceRuns } from './maintenance.ts'
import type { Bytes } from './shapes.ts'

export interface Upload {
  readonly uploadId: string
  /** The `inputS3Uri` of an import job for this upload. */
  readonly inputS3Uri: string
  /** The `outputS3Uri` of an import job for this upload. */
  readonly outputS3Uri: string
}

export interface UploadedFile {
  /** Whose upload it is: the same for all access keys of a principal. */
  readonly callerId: string
  readonly uploadId: string
  /** The path below the uploaded folder, with slashes. */
  readonly name: string
}

/** Several whole files, one after the other. */
export interface UploadedFiles extends Omit<UploadedFile, 'name'> {
  readonly files: readonly { readonly name: string; readonly bytes: Uint8Array }[]
}

export interface FailedFile {
  readonly file: string
  readonly exceptionType: string
  readonly message: string
}

interface WarnedFile {
  readonly file: string
  readonly messages: readonly string[]
}

export interface ImportReport {
  readonly scanned: number
  readonly imported: number
  readonly failed: number
  /** Not counted as scanned: files that are not instances, such as a DICOMDIR. */
  readonly skipped: number
  readonly imageSets: number
  /** The first of each, up to `limits.reportFiles`; `hasMore` if there are others. */
  readonly failures: readonly FailedFile[]
  readonly warnings: readonly WarnedFile[]
  readonly hasMore: boolean
}

export interface ReportReason {
  readonly reason: string
  /** Files that have it. */
  readonly files: number
}

export interface ImportSummary extends Omit<ImportReport, 'failures' | 'warnings' | 'hasMore'> {
  /** Those of the most files, up to `limits.reportReasons`. */
  readonly failureReasons: readonly ReportReason[]
  readonly warningReasons: readonly ReportReason[]
  /** There are more reasons, or the report is longer than what is read for them (`limits.reportReasonsBytes`). */
  readonly hasMoreReasons: boolean
}

export interface ReportPageRequest {
  readonly datastoreId: string
  readonly jobId: string
  readonly file: 'failure' | 'warning'
  /** Only files with this reason. */
  readonly reason: string | undefined
  /** The `next` of the page before. */
  readonly after: number | undefined
  readonly limit: number | undefined
}

export interface ReportPage {
  readonly files: readonly {
    readonly file: string
    readonly exceptionType?: string
    readonly messages: readonly string[]
  }[]
  /** Absent on the last page. A page may have fewer files than the limit, or none, and a next one. */
  readonly next?: number
}

/** The files of a report, by their names in the path of a request. A file without lines is not written. */
export const REPORT_FILES = {
  manifest: 'job-output-manifest.json',
  success: 'SUCCESS/success.ndjson',
  failure: 'FAILURE/failure.ndjson',
  warning: 'WARNING/warning.ndjson',
  skipped: 'SKIPPED/skipped.ndjson',
} as const

export interface ReportFile {
  readonly datastoreId: string
  readonly jobId: string
  readonly file: keyof typeof REPORT_FILES
}

export interface ImportedFile {
  readonly datastoreId: string
  readonly imageSetId: string
  readonly sopInstanceUID: string
  /** A version of the image set; undefined: the latest. */
  readonly versionId: string | undefined
}

export interface Extensions<App> extends AccessExtensions<App> {
  startUpload(caller: { readonly callerId: string }, app: App): Promise<Upload>
  /** Stores a whole file, or one part of it, numbered from 1. */
  putUploadFile(file: UploadedFile & { readonly part?: number; readonly bytes: Uint8Array }, app: App): Promise<void>
  /** Stores whole files. Where it fails, some of them may be stored: the same request can be sent again. */
  putUploadFiles(upload: UploadedFiles, app: App): Promise<void>
  /** Joins parts 1 to `parts` into one file. */
  joinUploadFile(file: UploadedFile & { readonly parts: number }, app: App): Promise<void>
  removeUpload(upload: Pick<UploadedFile, 'callerId' | 'uploadId'>, app: App): Promise<void>
  /** Undefined until the job has written its report. */
  readImportReport(
    job: { readonly datastoreId: string; readonly jobId: string },
    app: App,
  ): Promise<ImportReport | undefined>
  /** Its counts, and the reasons of failures and warnings. Undefined until the job has written its report. */
  summarizeImportReport(
    job: { readonly datastoreId: string; readonly jobId: string },
    app: App,
  ): Promise<ImportSummary | undefined>
  readReportPage(request: ReportPageRequest, app: App): Promise<ReportPage>
  /** Undefined for a file that was not written. */
  openReportFile(file: ReportFile, app: App): Promise<Bytes | undefined>
  listMaintenanceRuns(app: App): Promise<MaintenanceRuns>
  /** Newest first. */
  searchAuditLog(
    request: {
      readonly search: AuditSearch
      readonly maxResults?: number | undefined
      readonly nextToken: string | undefined
    },
    app: App,
  ): Promise<AuditPage>
  /** The bytes of the file that the instance was imported from. */
  openImportedFile(file: ImportedFile, app: App): Promise<Bytes>
}
