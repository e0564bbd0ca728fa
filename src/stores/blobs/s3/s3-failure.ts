/** Errors of the S3 client as errors of a store. The original error is never kept as the cause, because it contains the request with its key. */
import { S3ServiceException } from '@aws-sdk/client-s3'
import { StoreUnavailable, type UnavailableReason } from '../../store-unavailable.ts'

export const statusOf = (error: unknown): number | undefined =>
  error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined

export function asUnavailable(error: unknown): StoreUnavailable {
  if (error instanceof StoreUnavailable) return error
  const status = statusOf(error)
  const reason: UnavailableReason = status === 401 || status === 403 ? 'access' : status === 429 ? 'busy' : 'away'
  return new StoreUnavailable({ store: 'the S3 bucket', reason, code: codeOf(error) })
}

/** The name of the error of S3 or the SDK; for an error of the connection its code, such as ECONNREFUSED. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  const { code } = error as NodeJS.ErrnoException
  return error.name === 'Error' && typeof code === 'string' ? code : error.name
}

/** The error of one object in a request for many. */
export const unavailableFor = (code: string | undefined): StoreUnavailable =>
  new StoreUnavailable({
    store: 'the S3 bucket',
    reason: code === 'AccessDenied' ? 'access' : 'away',
    code: code ?? 'unknown',
  })

/** @throws StoreUnavailable for every error of the client */
export async function send<T>(request: () => Promise<T>): Promise<T> {
  try {
    return await request()
  } catch (error) {
    throw asUnavailable(error)
  }
}
