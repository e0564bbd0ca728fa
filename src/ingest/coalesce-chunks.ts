/** Joins small chunks, so that a store writes some hundred kilobytes at a time. */

const COALESCED_BYTES = 256 * 1024

/** Memory of blobs that are complete. New memory for each of its writes would be most of the garbage of a blob of small files. */
const unused: Buffer[] = []
const UNUSED_MAX = 4

/**
 * The same bytes in the same order. A chunk of COALESCED_BYTES or more passes through without being copied; others are copied before the
 * next one is asked for. What is returned is used before the next chunk is asked for, as `BlobStore.put` does.
 */
export async function* coalesced(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const memory = unused.pop() ?? Buffer.allocUnsafeSlow(COALESCED_BYTES)
  let filled = 0
  try {
    for await (const chunk of chunks) {
      if (chunk.length >= COALESCED_BYTES) {
        if (filled > 0) yield memory.subarray(0, filled)
        filled = 0
        yield chunk
        continue
      }
      for (let at = 0; at < chunk.length; ) {
        const some = chunk.subarray(at, at + COALESCED_BYTES - filled)
        memory.set(some, filled)
        filled += some.length
        at += some.length
        if (filled < COALESCED_BYTES) continue
        yield memory
        filled = 0
      }
    }
    if (filled > 0) yield memory.subarray(0, filled)
  } finally {
    memory.fill(0)
    if (unused.length < UNUSED_MAX) unused.push(memory)
  }
}
