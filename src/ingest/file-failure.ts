/** The line of the failure report for an error of one input file. */
import type { ImportApp } from '../app.ts'
import { DicomError } from '../dicom/dicom-error.ts'
import type { FailedFile } from '../stores/catalog/import-job-repository.ts'
import { UnreadableObject } from './input-bucket.ts'

export function failureOf(app: Pick<ImportApp, 'log'>, key: string, cause: unknown): FailedFile {
  if (cause instanceof DicomError) {
    return { outcome: 'failed', key, exceptionType: 'ValidationException', message: cause.message }
  }
  if (cause instanceof UnreadableObject && cause.isDenied) {
    return {
      outcome: 'failed',
      key,
      exceptionType: 'AccessDeniedException',
      message: 'The object cannot be read: access denied',
    }
  }
  // Not the key: it may name a patient.
  app.log.warn({ err: cause }, 'an input file could not be read')
  return {
    outcome: 'failed',
    key,
    exceptionType: 'InternalServerException',
    message: 'The object could not be read; import it again',
  }
}
