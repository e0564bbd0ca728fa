/**
 * A JSON body under construction: text, interleaved with the bytes of cached parts, which are copied once. Joining the texts and encoding
 * the result costs ten times as much for a page of 50 summaries.
 */

const encoder = new TextEncoder()
/** Bytes of one UTF-16 code unit in UTF-8. */
const UTF8_BYTES_MAX = 3
/** Written without a call into native code: most text between cached parts is one comma. */
const COMMA = 0x2c

export class JsonBody {
  /** Everything before `#text`. */
  readonly #pieces: (string | Uint8Array)[] = []
  #text = ''

  add(text: string): void {
    this.#text += text
  }

  addBytes(bytes: Uint8Array): void {
    this.#pieces.push(this.#text, bytes)
    this.#text = ''
  }

  /** A string where no bytes were added. */
  whole(): string | Uint8Array {
    return this.#pieces.length === 0 ? this.#text : this.bytes()
  }

  bytes(): Uint8Array {
    if (this.#pieces.length === 0) return encoder.encode(this.#text)
    const pieces = this.#pieces
    pieces.push(this.#text)
    this.#text = ''
    let bytesMax = 0
    for (const piece of pieces) bytesMax += typeof piece === 'string' ? piece.length * UTF8_BYTES_MAX : piece.length
    const bytes = Buffer.allocUnsafe(bytesMax)
    let at = 0
    for (const piece of pieces) {
      if (typeof piece !== 'string') {
        bytes.set(piece, at)
        at += piece.length
      } else if (piece === ',') bytes[at++] = COMMA
      else at += bytes.write(piece, at)
    }
    return bytes.subarray(0, at)
  }
}
