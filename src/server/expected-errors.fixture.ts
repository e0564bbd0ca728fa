/** The errors that clients under a load have to expect. */
import { MedicalImagingServiceException } from '@aws-sdk/client-medical-imaging'

const REFUSALS = ['ConflictException', 'ThrottlingException', 'ServiceQuotaExceededException']

/** A refusal that a client of the service has to expect from a request without a fault, because others change the same image sets. */
export function isModelled(error: unknown): error is MedicalImagingServiceException {
  if (!(error instanceof MedicalImagingServiceException)) return false
  return (
    REFUSALS.includes(error.name) ||
    // Another client has updated the image set since its version was read.
    (error.name === 'ResourceNotFoundException' && error.message.endsWith('is not the latest.'))
  )
}

const BROKEN = ['ECONNREFUSED', 'ECONNRESET', 'EPIPE']

/** The server is gone, and perhaps has done what it was asked for. */
export const isBroken = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && BROKEN.includes(String(error.code))

/** A store is away. */
export const isUnavailable = (error: unknown): error is MedicalImagingServiceException =>
  error instanceof MedicalImagingServiceException && error.name === 'ServiceUnavailableException'
