/** What an error of the S3 client means. Its own object is never kept as the cause: it carries the request, and so the key. */
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

/** The name of S3's or the SDK's error; that of a connection's says nothing, and its code is ECONNREFUSED or the like. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown'
  const { code } = error as NodeJS.ErrnoException
  return error.name === 'Error' && typeof code === 'string' ? code : error.name
}

/** An object that S3 reports on by code, one of many in a request. */
export const unavailableFor = (code: string | undefined): StoreUnavailable =>
  new StoreUnavailable({
    store: 'the S3 bucket',
    reason: code === 'AccessDenied' ? 'access' : 'away',
    code: code ?? 'unknown',
  })

export async function send<T>(request: () => Promise<T>): Promise<T> {
  try {
    return await request()
  } catch (error) {
    throw asUnavailable(error)
  }
}
