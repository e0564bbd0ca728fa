/**
 * JSON as it is written: text, and between it the bytes of what was written before. Those are copied as they are, once. To make one
 * text of many and bytes of the text costs ten times as much for a page of 50 summaries, and most of what the page costs in all.
 */

const encoder = new TextEncoder()
/** Of one UTF-16 unit. */
const UTF8_BYTES_MAX = 3
/** Most text between bytes is this, and a call out of JavaScript costs as much as a hundred of it. */
const COMMA = 0x2c

export class JsonBody {
  /** What came before `#text`. */
  readonly #pieces: (string | Uint8Array)[] = []
  #text = ''

  add(text: string): void {
    this.#text += text
  }

  addBytes(bytes: Uint8Array): void {
    this.#pieces.push(this.#text, bytes)
    this.#text = ''
  }

  /** All of it: text where it is nothing else. */
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
