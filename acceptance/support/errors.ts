/** Asserts how a failed request appears to a user of the SDK: error name, HTTP status, message. */
import assert from 'node:assert/strict'
import { MedicalImagingServiceException } from '@aws-sdk/client-medical-imaging'

const STATUS = {
  AccessDeniedException: 403,
  ConflictException: 409,
  RequestEntityTooLargeException: 413,
  RequestTimeTooSkewed: 403,
  ResourceNotFoundException: 404,
  SerializationException: 400,
  ServiceQuotaExceededException: 402,
  ThrottlingException: 429,
  ValidationException: 400,
} as const

export async function rejectsAs(
  request: Promise<unknown>,
  name: keyof typeof STATUS,
  message: RegExp | string = /./,
): Promise<void> {
  const answer = await request.then(
    (value) => ({ value }),
    (error: unknown) => ({ error }),
  )
  assert.ok('error' in answer, `expected ${name}, but the request succeeded`)
  const { error } = answer
  assert.ok(error instanceof MedicalImagingServiceException, `expected ${name}, got ${String(error)}`)
  assert.equal(error.name, name)
  assert.equal(error.$metadata.httpStatusCode, STATUS[name])
  if (typeof message === 'string') assert.equal(error.message, message)
  else assert.match(error.message, message)
}
