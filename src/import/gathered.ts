/** Small chunks put together, so that a store writes some hundred kilobytes at a time and not each by itself. */

const GATHERED_BYTES = 256 * 1024

export async function* gathered(chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let waiting: Uint8Array[] = []
  let waitingBytes = 0
  for await (const chunk of chunks) {
    waiting.push(chunk)
    waitingBytes += chunk.length
    if (waitingBytes < GATHERED_BYTES) continue
    yield waiting.length === 1 ? chunk : Buffer.concat(waiting)
    waiting = []
    waitingBytes = 0
  }
  if (waitingBytes > 0) yield Buffer.concat(waiting)
}
