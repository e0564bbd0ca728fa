/**
 * Reads a multipart body (RFC 2046 5.1) part by part while it arrives. Held in memory are one chunk of the body, and the headers of one part.
 */

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
  readonly #source: AsyncIterator<Uint8Array>
  readonly #delimiter: Buffer
  /** Begins as if behind a line, so that a boundary at the very start is found as the others are. */
  #buffered: Buffer = CRLF
  /** The buffer begins with the line end that a boundary has before it, or with which the headers end. */
  #isLineEndAhead = true
  #isEnded = false
  isAtBoundary = false
  /** The last boundary was read. */
  isClosed = false

  constructor(body: AsyncIterable<Uint8Array>, boundary: string) {
    this.#source = body[Symbol.asyncIterator]()
    this.#delimiter = Buffer.from(`\r\n--${boundary}`, 'latin1')
  }

  /** The bytes before the next boundary, and the boundary itself, which is not returned. */
  async *untilBoundary(where: string): AsyncGenerator<Uint8Array> {
    this.isAtBoundary = false
    let searchFrom = 0
    if (this.#isLineEndAhead) {
      while (this.#buffered.length < this.#delimiter.length && (await this.#more()));
      if (this.#buffered.indexOf(this.#delimiter) !== 0) this.#take(CRLF.length)
      this.#isLineEndAhead = false
    }
    for (;;) {
      const at = this.#buffered.indexOf(this.#delimiter, searchFrom)
      if (at === -1) {
        // The end may be the beginning of a boundary.
        const sure = this.#buffered.length - this.#delimiter.length + 1
        if (sure > 0) {
          const bytes = this.#take(sure)
          searchFrom = 0
          yield bytes
        }
        if (!(await this.#more())) throw new BrokenMultipart(`The body ends ${where}`)
        continue
      }
      if (at > 0) {
        const bytes = this.#take(at)
        yield bytes
      }
      const end = await this.#endOfBoundary()
      if (end === undefined) {
        // Longer than the boundary: it is content.
        searchFrom = 1
        continue
      }
      this.#take(end.length)
      this.isClosed = end.isLast
      this.isAtBoundary = true
      return
    }
  }

  /** How long the boundary at the start of the buffer is; undefined if it is none. */
  async #endOfBoundary(): Promise<{ readonly length: number; readonly isLast: boolean } | undefined> {
    let at = this.#delimiter.length
    for (const stop = at + PADDING_MAX; at < stop; at++) {
      while (this.#buffered.length < at + 2 && (await this.#more()));
      const [byte, next] = [this.#buffered[at], this.#buffered[at + 1]]
      if (at === this.#delimiter.length && byte === DASH && next === DASH) return { length: at + 2, isLast: true }
      if (byte === CR && next === LF) return { length: at + 2, isLast: false }
      if (byte !== SPACE && byte !== TAB) return undefined
    }
    return undefined
  }

  async headers(bytesMax: number): Promise<string> {
    for (;;) {
      // A part without headers begins with an empty line.
      while (this.#buffered.length < 2 && (await this.#more()));
      if (this.#buffered[0] === CR && this.#buffered[1] === LF) {
        this.#isLineEndAhead = true
        return ''
      }
      const at = this.#buffered.indexOf(END_OF_HEADERS)
      if (at > bytesMax || (at === -1 && this.#buffered.length > bytesMax + END_OF_HEADERS.length)) {
        throw new BrokenMultipart(`The headers of a part have more than ${bytesMax} bytes`)
      }
      if (at !== -1) {
        const text = this.#take(at).toString('latin1')
        this.#take(CRLF.length)
        this.#isLineEndAhead = true
        return text
      }
      if (!(await this.#more())) throw new BrokenMultipart('The body ends inside the headers of a part')
    }
  }

  async drain(): Promise<void> {
    do this.#buffered = Buffer.alloc(0)
    while (await this.#more())
  }

  #take(length: number): Buffer {
    const bytes = this.#buffered.subarray(0, length)
    this.#buffered = this.#buffered.subarray(length)
    return bytes
  }

  async #more(): Promise<boolean> {
    if (this.#isEnded) return false
    const { done, value } = await this.#source.next()
    if (done) {
      this.#isEnded = true
      return false
    }
    this.#buffered =
      this.#buffered.length === 0
        ? Buffer.from(value.buffer, value.byteOffset, value.length)
        : Buffer.concat([this.#buffered, value])
    return true
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
