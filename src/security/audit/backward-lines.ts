/** Reads the lines of one chain from its end, file after file, block by block. */
import { type FileHandle, open } from 'node:fs/promises'
import { join } from 'node:path'
import { type AuditFile, filesOfChain } from './audit-files.ts'
import { type ChainedLine, endAt, readLine } from './chain.ts'

const BLOCK_BYTES = 64 * 1024
/** A line has at most 100 resources of 512 characters. Longer text is damaged, and is left out. */
const LINE_BYTES = 256 * 1024

/** Where reading continues, and what the line there must be. */
export interface ChainPlace {
  /** The number of the file. */
  readonly file: number
  /** The end of the next line to read; undefined: the end of the file. */
  readonly offset: number | undefined
  /** Of the line that was read before: undefined where nothing is known. */
  readonly follower: { readonly sequence: number; readonly previousHash: string } | undefined
}

export interface ReadLine extends ChainedLine {
  /** Before the line was read: reading from here returns it again. */
  readonly place: ChainPlace
  /** Why it does not fit the line after it. */
  readonly fault: string | undefined
  readonly hash: string
}

export class BackwardLines {
  readonly #folder: string
  readonly #files: readonly AuditFile[]
  #place: ChainPlace | undefined
  #handle: FileHandle | undefined
  /** What was read of the file and not returned: it ends at the offset of the place. */
  #rest: Buffer = Buffer.alloc(0)
  readonly #onRead: (bytes: number) => void

  /** @param place undefined: the end of the chain */
  constructor(
    {
      folder,
      chain,
      place,
    }: { readonly folder: string; readonly chain: string; readonly place: ChainPlace | undefined },
    onRead: (bytes: number) => void,
  ) {
    this.#folder = folder
    this.#files = filesOfChain(folder, chain)
    const last = this.#files.at(-1)
    this.#place = place ?? (last && { file: last.number, offset: undefined, follower: undefined })
    this.#onRead = onRead
  }

  /** Undefined after the first line of the chain. */
  async next(): Promise<ReadLine | undefined> {
    while (this.#place !== undefined) {
      const place = this.#place
      const bytes = await this.#lineBefore(place)
      if (bytes === undefined) {
        await this.#toFileBefore(place)
        continue
      }
      const read = readLine(bytes.toString())
      // Unfinished bytes after a crash are no line. The start after it has their hash, which verify compares.
      if (read === undefined) continue
      const { hash } = endAt(bytes, read.sequence)
      this.#place = { ...this.#place, follower: { sequence: read.sequence, previousHash: read.previousHash } }
      return { ...read, place, hash, fault: faultOf(read, hash, place.follower) }
    }
    return undefined
  }

  /** To be called first. Leaves out files whose lines are all newer: the first lines of a few files say which. */
  async skipNewerThan(time: number): Promise<void> {
    let [low, high] = [0, this.#files.length]
    while (low < high) {
      const middle = Math.floor((low + high) / 2)
      if ((await this.#firstTime(this.#files[middle]!.number)) < time) low = middle + 1
      else high = middle
    }
    const last = this.#files[low - 1]
    this.#place = last && { file: last.number, offset: undefined, follower: undefined }
  }

  async close(): Promise<void> {
    await this.#handle?.close()
    this.#handle = undefined
  }

  /** Of a file without a readable first line, one before all others. */
  async #firstTime(number: number): Promise<number> {
    const handle = await this.#open(number)
    if (handle === undefined) return -Infinity
    try {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(BLOCK_BYTES), 0, BLOCK_BYTES, 0)
      this.#onRead(bytesRead)
      const newline = buffer.indexOf(10)
      const event = newline < 0 ? undefined : readLine(buffer.subarray(0, newline).toString())?.event
      const time = Date.parse(String(event?.eventTime))
      return Number.isNaN(time) ? -Infinity : time
    } finally {
      await handle.close()
    }
  }

  /** The bytes of the line that ends at the place, without its newline. Undefined at the beginning of the file. */
  async #lineBefore({ file, offset }: ChainPlace): Promise<Buffer | undefined> {
    this.#handle ??= await this.#open(file)
    if (this.#handle === undefined) return undefined
    let end = offset ?? (await this.#handle.stat()).size
    if (end === 0) return undefined
    for (;;) {
      // The newline of the line itself is its last byte.
      const newline = this.#rest.length > 1 ? this.#rest.lastIndexOf(10, this.#rest.length - 2) : -1
      const isFirst = this.#rest.length === end && end > 0
      if (newline >= 0 || isFirst) {
        const line = this.#rest.subarray(newline + 1)
        this.#rest = this.#rest.subarray(0, newline + 1)
        end -= line.length
        this.#place = { ...this.#place!, file, offset: end }
        return line.at(-1) === 10 ? line.subarray(0, -1) : line
      }
      if (this.#rest.length > LINE_BYTES) {
        end -= this.#rest.length
        this.#rest = Buffer.alloc(0)
        this.#place = { ...this.#place!, file, offset: end }
        if (end === 0) return undefined
      }
      const start = Math.max(0, end - this.#rest.length - BLOCK_BYTES)
      const block = Buffer.alloc(end - this.#rest.length - start)
      const { bytesRead } = await this.#handle.read(block, 0, block.length, start)
      this.#onRead(bytesRead)
      if (bytesRead < block.length) return undefined
      this.#rest = Buffer.concat([block, this.#rest])
    }
  }

  async #toFileBefore({ file, follower }: ChainPlace): Promise<void> {
    await this.close()
    this.#rest = Buffer.alloc(0)
    const before = this.#files.findLast(({ number }) => number < file)
    this.#place = before && { file: before.number, offset: undefined, follower }
  }

  async #open(number: number): Promise<FileHandle | undefined> {
    const name = this.#files.find((file) => file.number === number)?.name
    try {
      return name === undefined ? undefined : await open(join(this.#folder, name))
    } catch (error) {
      // Old files are removed while the log is read.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
      throw error
    }
  }
}

function faultOf(read: ChainedLine, hash: string, follower: ChainPlace['follower']): string | undefined {
  if (follower === undefined) return undefined
  if (read.sequence !== follower.sequence - 1)
    return `lines between ${read.sequence} and ${follower.sequence} are missing`
  return hash === follower.previousHash
    ? undefined
    : `line ${read.sequence} does not fit line ${follower.sequence}: one of the two was altered`
}
