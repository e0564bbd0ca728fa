/** One kept-alive connection: bytes as a test writes them, and whole answers as bytes. */
import { connect, type Socket } from 'node:net'

const HEAD_END = '\r\n\r\n'

export class KeptConnection {
  readonly #socket: Socket
  #received: Buffer<ArrayBufferLike> = Buffer.alloc(0)
  #wake = () => {}
  #isClosed = false

  constructor(endpoint: string) {
    const { hostname, port } = new URL(endpoint)
    this.#socket = connect({ host: hostname, port: Number(port), noDelay: true })
    this.#socket.on('data', (chunk) => {
      this.#received = Buffer.concat([this.#received, chunk])
      this.#wake()
    })
    this.#socket.on('error', () => {})
    this.#socket.on('close', () => {
      this.#isClosed = true
      this.#wake()
    })
  }

  write(bytes: Uint8Array): void {
    this.#socket.write(bytes)
  }

  /** The next answer: head and body. @param isHead of a HEAD request, whose answer has no body */
  async answer({ isHead = false }: { readonly isHead?: boolean } = {}): Promise<Buffer> {
    for (;;) {
      const end = this.#received.indexOf(HEAD_END)
      const head = this.#received.toString('latin1', 0, end)
      const bodyBytes = isHead ? 0 : Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0)
      const length = end + HEAD_END.length + bodyBytes
      if (end >= 0 && this.#received.length >= length) {
        const answer = this.#received.subarray(0, length)
        this.#received = this.#received.subarray(length)
        return answer
      }
      if (this.#isClosed) throw new Error(`the server closed the connection after ${this.#received.length} bytes`)
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  close(): void {
    this.#socket.destroy()
  }
}
