/** Reads a range of a file: a small one, or one that memory is given for, whole and at once, a large one chunk by chunk as it is asked for. */
import { constants } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import type { ByteRange, OpenBlob } from '../blob-store.ts'

const CHUNK_BYTES = 1024 ** 2

/** Not NOFOLLOW alone: a pipe or a device in the folder must not hold the open up until somebody writes to it. */
export const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK

/** undefined where the path leads to no regular file. Throws what the file system throws. */
export async function openFileRange(
  path: string | Buffer | undefined,
  range: ByteRange = { start: 0 },
): Promise<OpenBlob | undefined> {
  if (path === undefined) return undefined
  const file = await open(path, FLAGS)
  let stays = false
  try {
    const stats = await file.stat()
    if (!stats.isFile()) return undefined
    const end = Math.min(stats.size, range.length === undefined ? stats.size : range.start + range.length)
    const length = Math.max(0, end - range.start)
    if (length <= CHUNK_BYTES || length <= (range.into?.length ?? 0)) {
      const bytes = await readExactly(file, range.start, memoryFor(length, range.into))
      return { sizeBytes: stats.size, bytes: once(bytes) }
    }
    stays = true
    return { sizeBytes: stats.size, bytes: new FileChunks(file, { start: range.start, end }) }
  } finally {
    if (!stays) await file.close()
  }
}

const memoryFor = (length: number, into: Uint8Array | undefined): Uint8Array =>
  into === undefined || into.length < length ? Buffer.allocUnsafeSlow(length) : into.subarray(0, length)

/** Fewer bytes only where the file has become shorter. */
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

/** An iterator and not a generator: `return` closes the file even where nothing was ever asked for. */
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
