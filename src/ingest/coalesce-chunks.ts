/** Joins small chunks, so that a store writes some hundred kilobytes at a time. */

const COALESCED_BYTES = 256 * 1024

/** The same bytes in the same order. A chunk of COALESCED_BYTES or more passes through without being copied. */
export async function* coalesced(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let buffered: Uint8Array[] = []
  let bufferedBytes = 0
  for await (const chunk of chunks) {
    if (chunk.length >= COALESCED_BYTES) {
      if (bufferedBytes > 0) yield Buffer.concat(buffered)
      yield chunk
      buffered = []
      bufferedBytes = 0
      continue
    }
    buffered.push(chunk)
    bufferedBytes += chunk.length
    if (bufferedBytes < COALESCED_BYTES) continue
    yield Buffer.concat(buffered)
    buffered = []
    bufferedBytes = 0
  }
  if (bufferedBytes > 0) yield Buffer.concat(buffered)
}
