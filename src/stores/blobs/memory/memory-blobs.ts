/** Blobs in the memory of this process, for tests and for the embedded server (testing.ts). */
import { compareKeys, faultOfKey, InvalidBlobKey, isListed } from '../blob-key.ts'
import type { BlobStore, ByteRange, OpenBlob } from '../blob-store.ts'
import { BytesDigest } from '../bytes-digest.ts'

export function openMemoryBlobs(): BlobStore {
  const blobs = new Map<string, { readonly bytes: Uint8Array; readonly putAt: number }>()
  return {
    async put(key, bytes) {
      const fault = faultOfKey(key)
      if (fault !== undefined) throw new InvalidBlobKey(fault)
      // The caller may reuse its buffer.
      const copy = bytes instanceof Uint8Array ? new Uint8Array(bytes) : await copyAll(bytes)
      blobs.set(key, { bytes: copy, putAt: Date.now() })
      return new BytesDigest().add(copy).end()
    },
    async open(key, range) {
      const whole = blobs.get(key)
      return whole && opened(whole.bytes, range)
    },
    async *list(prefix, options) {
      const keys = [...blobs.keys()].filter((key) => isListed(key, { prefix, after: options?.after })).sort(compareKeys)
      for (const key of keys) {
        const blob = blobs.get(key)
        if (blob !== undefined) yield { key, sizeBytes: blob.bytes.byteLength, putAt: blob.putAt }
      }
    },
    async remove(keys) {
      for (const key of keys) blobs.delete(key)
    },
    // Nothing outlives the process.
    async removeUnfinished() {},
  }
}

async function copyAll(bytes: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  for await (const chunk of bytes) chunks.push(new Uint8Array(chunk))
  return Buffer.concat(chunks)
}

function opened(whole: Uint8Array, range: ByteRange = { start: 0 }): OpenBlob {
  const end = range.length === undefined ? whole.byteLength : range.start + range.length
  const part = whole.subarray(range.start, end)
  return {
    sizeBytes: whole.byteLength,
    bytes: (async function* () {
      if (part.byteLength > 0) yield part
    })(),
  }
}
