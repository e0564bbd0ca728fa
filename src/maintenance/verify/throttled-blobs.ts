/** Reads blobs at a bounded rate, so that a verification in the background takes no bandwidth that requests need. */
import { setTimeout } from 'node:timers/promises'
import type { BlobStore } from '../../stores/blobs/blob-store.ts'

/** @param options.signal ends a wait, and with it the read. @throws the reason of the signal */
export function throttledBlobs(
  blobs: BlobStore,
  { bytesPerSecond, signal }: { readonly bytesPerSecond: number; readonly signal: AbortSignal },
): BlobStore {
  /** When the bytes that were read so far are paid for, on the clock of `performance`. */
  let freeAt = performance.now()
  async function pay(bytes: number): Promise<void> {
    freeAt = Math.max(freeAt, performance.now()) + (bytes / bytesPerSecond) * 1000
    await waitUntilFree()
  }
  async function waitUntilFree(): Promise<void> {
    signal.throwIfAborted()
    const leftMs = freeAt - performance.now()
    if (leftMs >= 1) await setTimeout(leftMs, undefined, { signal }).catch(() => signal.throwIfAborted())
  }
  return {
    ...forwarding(blobs),
    async open(key, range) {
      await waitUntilFree()
      const opened = await blobs.open(key, range)
      if (opened === undefined) return undefined
      async function* paid(bytes: AsyncIterable<Uint8Array>) {
        for await (const chunk of bytes) {
          await pay(chunk.length)
          yield chunk
        }
      }
      return { sizeBytes: opened.sizeBytes, bytes: paid(opened.bytes) }
    },
  }
}

/** An adapter may be a class, whose methods a spread leaves out. */
const forwarding = (blobs: BlobStore): BlobStore => ({
  put: (key, bytes) => blobs.put(key, bytes),
  open: (key, range) => blobs.open(key, range),
  list: (prefix, options) => blobs.list(prefix, options),
  remove: (keys) => blobs.remove(keys),
  removeUnfinished: (before) => blobs.removeUnfinished(before),
})
