/** What is written to the output of a job, which is the caller's. */
import { InvalidBlobKey } from '../stores/blobs/blob-store.ts'
import { StoreUnavailable } from '../stores/store-unavailable.ts'
import { JobFailed } from './job-failed.ts'

/**
 * An output that does not answer, or is full, is tried later like every other store. What may not be written, or not under that name,
 * does not get better by waiting.
 * @throws JobFailed, or StoreUnavailable where the output is away
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

/** The bytes are made while they are put: what goes wrong in making them is not the output's fault. @throws as putOutput, and that */
export async function putMadeOutput(
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
