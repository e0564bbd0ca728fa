/** The bytes of a body that have arrived and were not taken yet, for readers that need a few at a time. */
export class BufferedBytes {
  readonly #source: AsyncIterator<Uint8Array>
  #isEnded = false
  bytes: Buffer

  /** @param first bytes before those of the body */
  constructor(body: AsyncIterable<Uint8Array>, first: Buffer = Buffer.alloc(0)) {
    this.#source = body[Symbol.asyncIterator]()
    this.bytes = first
  }

  /** Adds what arrives next. @returns false at the end of the body */
  async more(): Promise<boolean> {
    if (this.#isEnded) return false
    const { done, value } = await this.#source.next()
    if (done) {
      this.#isEnded = true
      return false
    }
    this.bytes =
      this.bytes.length === 0
        ? Buffer.from(value.buffer, value.byteOffset, value.length)
        : Buffer.concat([this.bytes, value])
    return true
  }

  take(length: number): Buffer {
    const taken = this.bytes.subarray(0, length)
    this.bytes = this.bytes.subarray(length)
    return taken
  }

  clear(): void {
    this.bytes = Buffer.alloc(0)
  }
}
