/**
 * Reads one entry of the input. The result is an instance that can be stored, or a line of the report. A file of up to
 * `importWholeFileBytes` is read into memory (whole-file.ts); a larger one, of up to `importFileBytes`, is streamed (large-file.ts).
 */
import { DicomError } from '../dicom/dicom-error.ts'
import type { FailedFile, SkippedFile } from '../stores/catalog/import-job-repository.ts'
import type { BucketFile } from '../stores/locations/locations.ts'
import { StoreUnavailable } from '../stores/store-unavailable.ts'
import { failureOf } from './file-failure.ts'
import type { ImportContext } from './import-context.ts'
import { type LargeFile, readLarge } from './large-file.ts'
import { whySkipped } from './skipped-files.ts'
import { readWhole, type WholeFile } from './whole-file.ts'

export interface UnstoredFile {
  readonly kind: 'unstored'
  readonly file: FailedFile | SkippedFile
}

export type FileRead = WholeFile | LargeFile | UnstoredFile

/**
 * An error of one file is a value, and the job continues.
 * @throws the reason of the signal; StoreUnavailable if the input or one of Hilum's stores is unavailable
 */
export async function readFile(context: ImportContext, entry: BucketFile): Promise<FileRead> {
  const { app } = context
  const { importFileBytes, importWholeFileBytes } = app.limits
  try {
    if (entry.sizeBytes > importFileBytes) {
      throw new DicomError({
        reason: `The file has ${entry.sizeBytes} bytes, more than the ${importFileBytes} that can be imported`,
      })
    }
    if (entry.sizeBytes > importWholeFileBytes) return await readLarge(context, entry)
    return await readWhole(context, entry)
  } catch (cause) {
    context.signal.throwIfAborted()
    if (cause instanceof StoreUnavailable) throw cause
    const reason = whySkipped(entry.key, cause)
    if (reason !== undefined) {
      return { kind: 'unstored', file: { outcome: 'skipped', key: entry.key, message: reason } }
    }
    return { kind: 'unstored', file: failureOf(app, entry.key, cause) }
  }
}
