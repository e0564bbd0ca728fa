/** An array of JSON objects, sent while they are written. */

/** Sent at once; between them other requests have their turn. */
const CHUNK_CHARACTERS = 64 * 1024

export async function* jsonArray(objects: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  let text = '['
  let separator = ''
  for await (const object of objects) {
    text += separator + object
    separator = ',\n'
    if (text.length < CHUNK_CHARACTERS) continue
    yield Buffer.from(text)
    text = ''
    await new Promise((resolve) => setImmediate(resolve))
  }
  yield Buffer.from(`${text}]\n`)
}
