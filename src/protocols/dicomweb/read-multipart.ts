/**
 * Reads a multipart body (RFC 2046 5.1) part by part while it arrives. Held in memory are one chunk of the body, and the headers of one part.
 */
import { BufferedBytes } from '../http/buffered-bytes.ts'

export interface Part {
  /** By lower-case name. */
  readonly headers: Readonly<Record<string, string>>
  /**
   * To be iterated to its end, or left early: the rest is then skipped. Throws BrokenMultipart where the body ends inside the part.
   */
  readonly bytes: AsyncIterable<Uint8Array>
}

/** The body is not what its Content-Type says. The message is a sentence for the client. */
export class BrokenMultipart extends Error {
  override readonly name = 'BrokenMultipart'
}

const CRLF = Buffer.from('\r\n')
const END_OF_HEADERS = Buffer.from('\r\n\r\n')
const [TAB, LF, CR, SPACE, DASH] = [9, 10, 13, 32, 45]
/** White space behind a boundary, which some gateways add. */
const PADDING_MAX = 256

/** @throws BrokenMultipart, and the errors of the body */
export async function* readMultipart(
  body: AsyncIterable<Uint8Array>,
  { boundary, headerBytesMax }: { readonly boundary: string; readonly headerBytesMax: number },
): AsyncGenerator<Part> {
  const input = new Input(body, boundary)
  // The text before the first boundary is no part.
  for await (const _ of input.untilBoundary('before the first boundary'));
  while (!input.isClosed) {
    const headers = headersOf(await input.headers(headerBytesMax))
    const bytes = input.untilBoundary('inside a part')
    yield { headers, bytes }
    // What the reader of the part has left.
    for await (const _ of bytes);
    if (!input.isAtBoundary) for await (const _ of input.untilBoundary('inside a part'));
  }
  // The text behind the last boundary is no part either.
  await input.drain()
}

class Input {
  readonly #input: BufferedBytes
  readonly #delimiter: Buffer
  /** The buffer begins with the line end that a boundary has before it, or with which the headers end. */
  #isLineEndAhead = true
  isAtBoundary = false
  /** The last boundary was read. */
  isClosed = false

  constructor(body: AsyncIterable<Uint8Array>, boundary: string) {
    // As if behind a line, so that a boundary at the very start is found as the others are.
    this.#input = new BufferedBytes(body, CRLF)
    this.#delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1')
  }

  /** The bytes before the next boundary, and the boundary itself, which is not returned. */
  async *untilBoundary(where: string): AsyncGenerator<Uint8Array> {
    this.isAtBoundary = false
    let searchFrom = 0
    if (this.#isLineEndAhead) {
      while (this.#input.bytes.length < this.#delimiter.length && (await this.#input.more()));
      if (this.#input.bytes.indexOf(this.#delimiter) !== 0) this.#input.take(CRLF.length)
      this.#isLineEndAhead = false
    }
    for (;;) {
      const at = this.#input.bytes.indexOf(this.#delimiter, searchFrom)
      if (at === -1) {
        // The end may be the beginning of a boundary.
        const sure = this.#input.bytes.length - this.#delimiter.length + 1
        if (sure > 0) {
          const bytes = this.#input.take(sure)
          searchFrom = 0
          yield bytes
        }
        if (!(await this.#input.more())) throw new BrokenMultipart(`The body ends ${where}`)
        continue
      }
      if (at > 0) {
        const bytes = this.#input.take(at)
        yield bytes
      }
      const end = await this.#endOfBoundary()
      if (end === undefined) {
        // Longer than the boundary: it is content.
        searchFrom = 1
        continue
      }
      this.#input.take(end.length)
      this.isClosed = end.isLast
      this.isAtBoundary = true
      return
    }
  }

  /** How long the boundary at the start of the buffer is; undefined if it is none. */
  async #endOfBoundary(): Promise<{ readonly length: number; readonly isLast: boolean } | undefined> {
    let at = this.#delimiter.length
    for (const stop = at + PADDING_MAX; at < stop; at++) {
      while (this.#input.bytes.length < at + 2 && (await this.#input.more()));
      const [byte, next] = [this.#input.bytes[at], this.#input.bytes[at + 1]]
      if (at === this.#delimiter.length && byte === DASH && next === DASH) return { length: at + 2, isLast: true }
      if (byte === CR && next === LF) return { length: at + 2, isLast: false }
      if (byte !== SPACE && byte !== TAB) return undefined
    }
    return undefined
  }

  async headers(bytesMax: number): Promise<string> {
    for (;;) {
      // A part without headers begins with an empty line.
      while (this.#input.bytes.length < 2 && (await this.#input.more()));
      if (this.#input.bytes[0] === CR && this.#input.bytes[1] === LF) {
        this.#isLineEndAhead = true
        return ''
      }
      const at = this.#input.bytes.indexOf(END_OF_HEADERS)
      if (at > bytesMax || (at === -1 && this.#input.bytes.length > bytesMax + END_OF_HEADERS.length)) {
        throw new BrokenMultipart(`The headers of a part have more than ${bytesMax} bytes`)
      }
      if (at !== -1) {
        const text = this.#input.take(at).toString('latin1')
        this.#input.take(CRLF.length)
        this.#isLineEndAhead = true
        return text
      }
      if (!(await this.#input.more())) throw new BrokenMultipart('The body ends inside the headers of a part')
    }
  }

  async drain(): Promise<void> {
    do this.#input.clear()
    while (await this.#input.more())
  }
}

function headersOf(text: string): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {}
  // A line that begins with white space continues the one before (RFC 5322 2.2.3).
  for (const line of text.replace(/\r\n[ \t]+/g, ' ').split('\r\n')) {
    const colon = line.indexOf(':')
    if (colon > 0) headers[line.slice(0, colon).trim().toLowerCase()] = line.slice(colon + 1).trim()
  }
  return headers
}
