/** Writes to the output location of a job, which belongs to the caller. */
import { InvalidBlobKey } from '../stores/blobs/blob-store.ts'
import { StoreUnavailable } from '../stores/store-unavailable.ts'
import { JobFailed } from './job-failed.ts'

/**
 * An output that is unavailable or full is retried later like every other store. Denied access and an invalid key fail the job, because a
 * retry would not help.
 * @throws JobFailed, or StoreUnavailable if the output is unavailable
 */
export async function putOutput(put: () => Promise<unknown>): Promise<void> {
  try {
    await put()
  } catch (cause) {
    if (cause instanceof StoreUnavailable && cause.reason !== 'access') throw cause
    const why = cause instanceof InvalidBlobKey ? `: ${cause.message}` : ''
    throw new JobFailed(`The output location cannot be written${why}`, { cause })
  }
}

/** Puts bytes that are generated while they are written. @throws as putOutput, and the error of the generator unchanged */
export async function putGeneratedOutput(
  bytes: AsyncIterable<Uint8Array>,
  put: (bytes: AsyncIterable<Uint8Array>) => Promise<unknown>,
): Promise<void> {
  let failed: { readonly cause: unknown } | undefined
  async function* watched(): AsyncGenerator<Uint8Array> {
    try {
      yield* bytes
    } catch (cause) {
      failed = { cause }
      throw cause
    }
  }
  await putOutput(() => put(watched())).catch((error: unknown) => {
    throw failed === undefined ? error : failed.cause
  })
}
