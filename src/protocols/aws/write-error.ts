/**
 * Writes errors (restJson1): the bare name in `x-amzn-ErrorType`, and always a JSON body with `message` in lower case. The AWS SDKs for
 * JavaScript and Go do not recognise other forms as errors of the service.
 */
import { randomUUID } from 'node:crypto'
import { ContractError, type ErrorName, TemporarilyUnavailable } from '../../contract/errors.ts'
import { HttpRefusal, type RefusalStatus } from '../http/http-refusal.ts'
import type { WireReply } from '../http/wire.ts'

const NAMES_OF_REFUSALS: Readonly<Record<RefusalStatus, ErrorName>> = {
  400: 'BadRequestException',
  403: 'AccessDeniedException',
  408: 'RequestTimeoutException',
  413: 'RequestEntityTooLargeException',
  429: 'ThrottlingException',
  431: 'RequestHeaderFieldsTooLargeException',
  500: 'InternalServerException',
  503: 'ServiceUnavailableException',
}

/** The public error for anything thrown. Only a ContractError and an HttpRefusal keep their message. */
export function contractErrorOf(thrown: unknown): ContractError {
  if (thrown instanceof ContractError) return thrown
  if (thrown instanceof HttpRefusal) {
    const { status, message, retryAfterSeconds } = thrown
    const retry = retryAfterSeconds === undefined ? {} : { retryAfterSeconds }
    return new ContractError(NAMES_OF_REFUSALS[status], message, retry)
  }
  if (thrown instanceof TemporarilyUnavailable) {
    const { retryAfterSeconds } = thrown
    const message = 'The service is unavailable for the moment. Send the request again later.'
    return new ContractError('ServiceUnavailableException', message, { cause: thrown, retryAfterSeconds })
  }
  return new ContractError('InternalServerException', 'The server failed to answer this request.', { cause: thrown })
}

export function writeError(error: ContractError, operation?: string): WireReply {
  const { name, message, fields, status, retryAfterSeconds } = error
  const headers: Record<string, string> = { 'Content-Type': 'application/json', 'x-amzn-ErrorType': name }
  if (retryAfterSeconds !== undefined) headers['Retry-After'] = String(Math.ceil(retryAfterSeconds))
  const body = JSON.stringify(fields.length > 0 ? { message, fieldList: fields } : { message })
  return operation === undefined ? { status, headers, body } : { status, headers, body, operation }
}

/** Refuses a request that reaches no protocol handler. */
export const writeRefusal = (refusal: HttpRefusal): WireReply =>
  withRequestId(writeError(contractErrorOf(refusal)), randomUUID())

export const withRequestId = (reply: WireReply, requestId: string): WireReply => ({
  ...reply,
  headers: { ...reply.headers, 'x-amzn-RequestId': requestId },
  requestId,
})

/** 32 hex digits in the format of AWS's request ids. */
export const uuidOf = (id: string): string =>
  `${id.slice(0, 8)}-${id.slice(8, 12)}-${id.slice(12, 16)}-${id.slice(16, 20)}-${id.slice(20)}`
