/** Reads a range of a file: at once if it is small or fits into the memory of the caller, otherwise in chunks as they are iterated. */
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import type { ByteRange, OpenBlob } from '../blob-store.ts'

const CHUNK_BYTES = 1024 ** 2

/** O_NONBLOCK, because opening a pipe would otherwise wait for a writer. */
export const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** Undefined if the path is not that of a regular file. @throws the errors of the file system */
export async function openFileRange(
  path: string | Buffer | undefined,
  range: ByteRange = { start: 0 },
): Promise<OpenBlob | undefined> {
  if (path === undefined) return undefined
  const file = await open(path, FLAGS)
  let staysOpen = false
  try {
    const stats = await file.stat()
    if (!stats.isFile()) return undefined
    const end = Math.min(stats.size, range.length === undefined ? stats.size : range.start + range.length)
    const length = Math.max(0, end - range.start)
    if (length <= CHUNK_BYTES || length <= (range.into?.length ?? 0)) {
      const bytes = await readExactly(file, range.start, memoryFor(length, range.into))
      return { sizeBytes: stats.size, bytes: once(bytes) }
    }
    staysOpen = true
    return { sizeBytes: stats.size, bytes: new FileChunks(file, { start: range.start, end }) }
  } finally {
    if (!staysOpen) await file.close()
  }
}

const memoryFor = (length: number, into: Uint8Array | undefined): Uint8Array =>
  into === undefined || into.length < length ? Buffer.allocUnsafeSlow(length) : into.subarray(0, length)

/** Fewer bytes only if the file was truncated. */
async function readExactly(file: FileHandle, start: number, bytes: Uint8Array): Promise<Uint8Array> {
  let filled = 0
  while (filled < bytes.length) {
    const { bytesRead } = await file.read(bytes, filled, bytes.length - filled, start + filled)
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return bytes.subarray(0, filled)
}

export async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  if (bytes.byteLength > 0) yield bytes
}

/** Not a generator, because `return` has to close the file even if `next` was never called. */
class FileChunks implements AsyncIterableIterator<Uint8Array> {
  readonly #file: FileHandle
  readonly #end: number
  #at: number
  #closed = false

  constructor(file: FileHandle, range: { readonly start: number; readonly end: number }) {
    this.#file = file
    this.#at = range.start
    this.#end = range.end
  }

  async next(): Promise<IteratorResult<Uint8Array>> {
    if (this.#closed || this.#at >= this.#end) return this.return()
    try {
      const memory = memoryFor(Math.min(CHUNK_BYTES, this.#end - this.#at), undefined)
      const chunk = await readExactly(this.#file, this.#at, memory)
      if (chunk.byteLength === 0) return this.return()
      this.#at += chunk.byteLength
      return { done: false, value: chunk }
    } catch (error) {
      await this.return()
      throw error
    }
  }

  async return(): Promise<IteratorResult<Uint8Array>> {
    if (!this.#closed) {
      this.#closed = true
      await this.#file.close()
    }
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
