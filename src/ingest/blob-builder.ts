/** Small chunks put together, so that a store writes some hundred kilobytes at a time and not each by itself. */

const COALESCED_BYTES = 256 * 1024

export async function* coalesced(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let waiting: Uint8Array[] = []
  let waitingBytes = 0
  for await (const chunk of chunks) {
    if (chunk.length >= COALESCED_BYTES) {
      // Not copied for the sake of the few that wait.
      if (waitingBytes > 0) yield Buffer.concat(waiting)
      yield chunk
      waiting = []
      waitingBytes = 0
      continue
    }
    waiting.push(chunk)
    waitingBytes += chunk.length
    if (waitingBytes < COALESCED_BYTES) continue
    yield Buffer.concat(waiting)
    waiting = []
    waitingBytes = 0
  }
  if (waitingBytes > 0) yield Buffer.concat(waiting)
}
