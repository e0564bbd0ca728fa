/**
 * A cache of open files of blobs that were read recently. Opening, measuring and closing a file would take three more calls of the thread
 * pool per read, and the frames of a series are in few blobs. A blob never changes, so an open file never becomes stale.
 */
import { close, fstat, open, read, type Stats } from 'node:fs'
import { promisify } from 'node:util'
import { FLAGS } from './disk-reading.ts'

const OPEN_FILES_MAX = 64
/** Unused files are closed after this time. Only then is the space of a removed blob free. */
const IDLE_MS = 5_000

const [openFile, statOf, closeFile] = [
  promisify(open),
  promisify(fstat) as (fd: number) => Promise<Stats>,
  promisify(close),
]

interface OpenFile {
  /** Undefined if the path is not that of a regular file. */
  readonly opened: Promise<{ readonly fd: number; readonly sizeBytes: number } | undefined>
  readers: number
  usedAt: number
  /** Closed by the last of its readers. */
  isDropped: boolean
}

export class OpenFiles {
  /** The most recently used last. */
  readonly #files = new Map<string, OpenFile>()
  #timer: NodeJS.Timeout | undefined

  /** Undefined if the path is not that of a regular file. @throws the errors of the file system */
  async read(
    path: string,
    { start, into }: { readonly start: number; readonly into: Uint8Array },
  ): Promise<{ readonly sizeBytes: number; readonly bytesRead: number } | undefined> {
    const file = this.#files.get(path) ?? this.#add(path)
    file.readers += 1
    file.usedAt = performance.now()
    this.#files.delete(path)
    if (!file.isDropped) this.#files.set(path, file)
    try {
      const opened = await file.opened
      if (opened === undefined) return undefined
      return { sizeBytes: opened.sizeBytes, bytesRead: await fill(opened.fd, start, into) }
    } catch (error) {
      this.drop(path)
      throw error
    } finally {
      file.readers -= 1
      if (file.isDropped && file.readers === 0) await closed(file)
    }
  }

  /** Closes the file when its readers are done. */
  drop(path: string): void {
    const file = this.#files.get(path)
    if (file === undefined) return
    this.#files.delete(path)
    file.isDropped = true
    if (file.readers === 0) void closed(file)
  }

  #add(path: string): OpenFile {
    for (const [oldest] of this.#files) {
      if (this.#files.size < OPEN_FILES_MAX) break
      this.drop(oldest)
    }
    const opened = openRegular(path)
    const file: OpenFile = { opened, readers: 0, usedAt: 0, isDropped: false }
    this.#files.set(path, file)
    this.#timer ??= setInterval(() => this.#closeIdle(), IDLE_MS).unref()
    return file
  }

  #closeIdle(): void {
    const before = performance.now() - IDLE_MS
    for (const [path, { usedAt }] of this.#files) if (usedAt < before) this.drop(path)
    if (this.#files.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}

async function openRegular(path: string) {
  const fd = await openFile(path, FLAGS)
  const stats = await statOf(fd)
  if (stats.isFile()) return { fd, sizeBytes: stats.size }
  await closeFile(fd)
  return undefined
}

async function closed({ opened }: OpenFile): Promise<void> {
  // The reader has received the error of opening.
  const file = await opened.catch(() => undefined)
  if (file !== undefined) await closeFile(file.fd)
}

/** Fewer bytes only at the end of the file. */
export async function fill(fd: number, start: number, into: Uint8Array): Promise<number> {
  let filled = 0
  while (filled < into.length) {
    const bytesRead = await new Promise<number>((resolve, reject) => {
      read(fd, into, filled, into.length - filled, start + filled, (error, count) =>
        error === null ? resolve(count) : reject(error),
      )
    })
    if (bytesRead === 0) break
    filled += bytesRead
  }
  return filled
}
