/**
 * What Hilum does beyond the 18 operations (docs/extensions.md): files from a browser into a bucket that an import job reads, a job's
 * report as one answer, and imported files as they came. Generic in what the functions work with, as the contract knows no room below it.
 */
import type { Bytes } from './shapes.ts'

export interface Upload {
  readonly uploadId: string
  /** For StartDICOMImportJob: where the files of the upload lie. */
  readonly inputS3Uri: string
  /** For StartDICOMImportJob: where Hilum keeps the reports of such jobs. */
  readonly outputS3Uri: string
}

export interface UploadedFile {
  readonly accessKeyId: string
  readonly uploadId: string
  /** The path below the folder that is uploaded, with slashes. */
  readonly name: string
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
  /** Not among those scanned: files that are no instances by what they are, such as a DICOMDIR. */
  readonly skipped: number
  readonly imageSets: number
  /** The first of each; `failed` says how many there are, and `hasMore` whether some are left out. */
  readonly failures: readonly FailedFile[]
  readonly warnings: readonly WarnedFile[]
  readonly hasMore: boolean
}

export interface ImportedFile {
  readonly datastoreId: string
  readonly imageSetId: string
  readonly sopInstanceUID: string
  /** Of the image set; its latest version where none is named. */
  readonly versionId: string | undefined
}

export interface Extensions<App> {
  startUpload(caller: { readonly accessKeyId: string }, app: App): Promise<Upload>
  /** A file as a whole, or one part of it, from 1. */
  putUploadFile(file: UploadedFile & { readonly part?: number; readonly bytes: Uint8Array }, app: App): Promise<void>
  /** Makes one file of parts 1 to `parts`. */
  joinUploadFile(file: UploadedFile & { readonly parts: number }, app: App): Promise<void>
  removeUpload(upload: Pick<UploadedFile, 'accessKeyId' | 'uploadId'>, app: App): Promise<void>
  /** Undefined while the job has written none. */
  readImportReport(
    job: { readonly datastoreId: string; readonly jobId: string },
    app: App,
  ): Promise<ImportReport | undefined>
  /** The bytes of the file that the instance was imported from. */
  openImportedFile(file: ImportedFile, app: App): Promise<Bytes>
}
