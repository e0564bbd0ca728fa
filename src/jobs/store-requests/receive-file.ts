/**
 * Receives one file of a store request: into memory while there is room for it, else into a blob of its own, which is removed when the file
 * is stored or dropped. So a client that sends slowly holds little memory that others need.
 */
import type { ImportApp } from '../../app.ts'
import { coalesced } from '../../ingest/coalesce-chunks.ts'
import { free } from '../../pixel-data/threads/buffer-pool.ts'
import type { BucketFile } from '../../stores/locations/locations.ts'

/** The memory of received files, of all requests. */
export interface FileMemory {
  /** False, and nothing is taken, where the limit would be exceeded. */
  take(bytes: number): boolean
  release(bytes: number): void
}

export interface ReceivedFile {
  readonly entry: BucketFile
  /** Frees its memory, or removes its blob. */
  discard(): Promise<void>
}

/** No file takes more than this part of the memory. */
const SHARE_OF_ONE_FILE = 1 / 4

export function openFileMemory(limitBytes: number): FileMemory {
  let heldBytes = 0
  return {
    take(bytes) {
      if (heldBytes + bytes > limitBytes) return false
      heldBytes += bytes
      return true
    },
    release(bytes) {
      heldBytes -= bytes
    },
  }
}

/** @throws the error of the bytes, StoreUnavailable */
export async function receiveFile(
  bytes: AsyncIterable<Uint8Array>,
  {
    app,
    memory,
    newBlobKey,
    isOwn,
  }: {
    readonly app: Pick<ImportApp, 'blobs' | 'limits'>
    readonly memory: FileMemory
    readonly newBlobKey: () => string
    /** Nothing else uses the memory of the chunks. */
    readonly isOwn: boolean
  },
): Promise<ReceivedFile> {
  const { storeMemoryBytes, importFileBytes } = app.limits
  let chunks: Uint8Array[] = []
  let heldBytes = 0
  const release = () => {
    memory.release(heldBytes)
    heldBytes = 0
    if (isOwn) freeAll(chunks)
    chunks = []
  }
  const source = bytes[Symbol.asyncIterator]()
  try {
    for (;;) {
      const { done, value } = await source.next()
      if (done) {
        if (chunks.length > 1) {
          const joined = joinedBytes(chunks)
          if (isOwn) freeAll(chunks)
          chunks = [joined]
        }
        return inMemory(chunks[0] ?? new Uint8Array(), release)
      }
      chunks.push(value)
      const isSmall = heldBytes + value.length <= storeMemoryBytes * SHARE_OF_ONE_FILE
      if (!isSmall || !memory.take(value.length)) break
      heldBytes += value.length
    }
    const blobKey = newBlobKey()
    const buffered = chunks
    let sizeBytes = 0
    async function* rest(): AsyncGenerator<Uint8Array> {
      for (const chunk of buffered.splice(0)) {
        sizeBytes += chunk.length
        yield chunk
      }
      release()
      for (;;) {
        const { done, value } = await source.next()
        if (done) return
        sizeBytes += value.length
        // A file that is too large is received to its end, and refused by its size.
        if (sizeBytes <= importFileBytes) yield value
      }
    }
    await app.blobs.put(blobKey, coalesced(rest()))
    return inBlob(app, { blobKey, sizeBytes })
  } catch (error) {
    release()
    throw error
  }
}

/** In memory of its own, unlike Buffer.concat. */
function joinedBytes(chunks: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0))
  let at = 0
  for (const chunk of chunks) {
    joined.set(chunk, at)
    at += chunk.length
  }
  return joined
}

/** A large file otherwise leaves its chunks to the garbage collector, which runs all the time for their sake. */
function freeAll(chunks: readonly Uint8Array[]): void {
  for (const { buffer } of chunks) if (buffer instanceof ArrayBuffer && !buffer.detached) free(buffer)
}

function inMemory(bytes: Uint8Array, release: () => void): ReceivedFile {
  const sizeBytes = bytes.length
  return {
    entry: {
      ...{ key: '', sizeBytes, putAt: 0 },
      open: async ({ start = 0, length = sizeBytes } = { start: 0 }) => ({
        sizeBytes,
        bytes: (async function* () {
          yield bytes.subarray(start, start + length)
        })(),
      }),
    },
    discard: async () => release(),
  }
}

const inBlob = (
  { blobs }: Pick<ImportApp, 'blobs'>,
  { blobKey, sizeBytes }: { readonly blobKey: string; readonly sizeBytes: number },
): ReceivedFile => ({
  entry: { key: '', sizeBytes, putAt: 0, open: (range) => blobs.open(blobKey, range) },
  discard: () => blobs.remove([blobKey]),
})
