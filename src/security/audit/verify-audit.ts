/** Verifies an audit log: every line follows the line before, none is missing at either end, and files are complete. */
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { join } from 'node:path'
import { type AuditFile, chainsIn, filesOfChain, headName, readHead } from './audit-files.ts'
import { CHAIN_START, type ChainEnd, type ChainedLine, endAt, readLine } from './chain.ts'
import type { UnfinishedTail } from './last-line.ts'

interface AuditFault {
  readonly file: string
  /** From 1; undefined where no line has the fault. */
  readonly line: number | undefined
  readonly what: string
}

export interface ChainReport {
  readonly chain: string
  readonly files: number
  readonly lines: number
  readonly lastSequence: number
  readonly lastHash: string
  /** Lines that a crash interrupted. Their requests were not answered. */
  readonly unfinishedLines: readonly { readonly file: string; readonly bytes: number }[]
  /** The first one. Lines after it are not checked. */
  readonly fault: AuditFault | undefined
}

/** One report per chain, while a server may write. */
export async function* verifyAudit(folder: string): AsyncGenerator<ChainReport> {
  for (const chain of chainsIn(folder)) yield await new ChainCheck(folder, chain).run()
}

class Fault extends Error {
  readonly fault: AuditFault
  constructor(fault: AuditFault) {
    super(fault.what)
    this.fault = fault
  }
}

interface Tail extends UnfinishedTail {
  /** The line at which it begins. */
  readonly line: number
  readonly hasNewline: boolean
}

class ChainCheck {
  readonly #folder: string
  readonly #chain: string
  /** Read before the lines: a running server advances it. */
  readonly #head: ChainEnd | undefined
  #hashAtHead: string | undefined
  #first: (ChainedLine & { readonly file: string }) | undefined
  #end = CHAIN_START
  #lines = 0
  #files = 0
  /** After the last whole line, until a line says that a crash left it. */
  #tails: Tail[] = []
  readonly #unfinished: { file: string; bytes: number }[] = []
  /** Ends of removed files, as `sequence hash`. */
  readonly #removed = new Set<string>()

  constructor(folder: string, chain: string) {
    this.#folder = folder
    this.#chain = chain
    this.#head = readHead(folder, chain)
    if (this.#head?.sequence === 0) this.#hashAtHead = CHAIN_START.hash
  }

  async run(): Promise<ChainReport> {
    let fault: AuditFault | undefined
    try {
      const files = filesOfChain(this.#folder, this.#chain)
      for (const [at, file] of files.entries()) {
        if (at > 0 && file.number !== files[at - 1]!.number + 1) throw faultIn(file.name, undefined, MISSING_FILE)
        await this.#checkFile(file)
      }
      this.#checkEnds()
    } catch (thrown) {
      if (!(thrown instanceof Fault)) throw thrown
      fault = thrown.fault
    }
    const { sequence, hash } = this.#end
    return {
      ...{ chain: this.#chain, files: this.#files, lines: this.#lines, lastSequence: sequence, lastHash: hash },
      ...{ unfinishedLines: this.#unfinished, fault },
    }
  }

  async #checkFile({ name }: AuditFile): Promise<void> {
    this.#files += 1
    let line = 0
    let offset = 0
    let tail: { bytes: number; readonly hash: ReturnType<typeof createHash>; hasNewline: boolean } | undefined
    for await (const { bytes, isWhole } of linesOf(join(this.#folder, name))) {
      const read = tail === undefined && isWhole ? readLine(bytes.subarray(0, -1).toString()) : undefined
      if (read === undefined) {
        tail ??= { bytes: 0, hash: createHash('sha256'), hasNewline: false }
        tail.bytes += bytes.length
        tail.hash.update(bytes)
        tail.hasNewline ||= isWhole
        continue
      }
      line += 1
      offset += bytes.length
      this.#checkLine(read, bytes.subarray(0, -1), { file: name, line })
    }
    if (tail === undefined) return
    const { bytes, hasNewline } = tail
    this.#tails.push({ file: name, offset, bytes, hasNewline, sha256: tail.hash.digest('hex'), line: line + 1 })
  }

  #checkLine(read: ChainedLine, bytes: Uint8Array, { file, line }: { file: string; line: number }): void {
    const { sequence, previousHash, event } = read
    if (this.#first === undefined && sequence > 1) this.#end = { sequence: sequence - 1, hash: previousHash }
    if (this.#tails.length > 0) this.#acceptTails(event)
    if (sequence !== this.#end.sequence + 1) {
      throw faultIn(
        file,
        line,
        `its sequence number is ${sequence}, and ${this.#end.sequence + 1} is next: lines are missing or moved`,
      )
    }
    if (previousHash !== this.#end.hash)
      throw faultIn(file, line, 'it does not follow the line before: one of the two was altered')
    if (event.eventSource === 'hilum') this.#checkDurable(event, { file, line })
    if (event.eventName === 'RemoveAuditFiles' && event.eventSource === 'hilum') this.#noteRemoved(event)
    this.#first ??= { ...read, file }
    this.#end = endAt(bytes, sequence)
    this.#lines += 1
    if (sequence === this.#head?.sequence) this.#hashAtHead = this.#end.hash
  }

  /** The line after unfinished bytes is that of a start which found them. */
  #acceptTails(event: ChainedLine['event']): void {
    const { unfinished = [] } = (event.serviceEventDetails ?? {}) as { readonly unfinished?: readonly UnfinishedTail[] }
    for (const tail of this.#tails) {
      const isFound = unfinished.some(
        ({ file, offset, bytes, sha256 }) =>
          file === tail.file && offset === tail.offset && bytes === tail.bytes && sha256 === tail.sha256,
      )
      if (!isFound) throw faultIn(tail.file, tail.line, NOT_A_LINE)
      this.#unfinished.push({ file: tail.file, bytes: tail.bytes })
    }
    this.#tails = []
  }

  /** The first line after the log was opened says what was durable then. */
  #checkDurable(event: ChainedLine['event'], at: { file: string; line: number }): void {
    const { durableSequence } = (event.serviceEventDetails ?? {}) as { readonly durableSequence?: number | null }
    if (durableSequence === undefined) return
    if (durableSequence === null)
      throw faultIn(at.file, at.line, 'when it was written, the head of the log was missing or damaged')
    if (durableSequence > this.#end.sequence) {
      throw faultIn(
        at.file,
        at.line,
        `when it was written, lines up to ${durableSequence} were durable, and those after ${this.#end.sequence} are missing`,
      )
    }
  }

  #noteRemoved(event: ChainedLine['event']): void {
    const { removed } = event.serviceEventDetails as {
      readonly removed: readonly { readonly lastLine: ChainEnd | null }[]
    }
    for (const { lastLine } of removed)
      if (lastLine !== null) this.#removed.add(`${lastLine.sequence} ${lastLine.hash}`)
  }

  #checkEnds(): void {
    const first = this.#first
    if (
      first !== undefined &&
      first.sequence > 1 &&
      !this.#removed.has(`${first.sequence - 1} ${first.previousHash}`)
    ) {
      throw faultIn(
        first.file,
        1,
        `the lines before sequence number ${first.sequence} are missing, and no line says that they were removed`,
      )
    }
    const head = this.#head
    if (head === undefined) throw faultIn(headName(this.#chain), undefined, 'the head of the log is missing or damaged')
    const lastTail = this.#tails.at(-1)
    if (head.sequence > this.#end.sequence) {
      if (lastTail !== undefined) throw faultIn(lastTail.file, lastTail.line, NOT_A_LINE)
      throw faultIn(
        headName(this.#chain),
        undefined,
        `the lines up to ${head.sequence} were durable, and those after ${this.#end.sequence} are missing`,
      )
    }
    if (this.#hashAtHead !== head.hash)
      throw faultIn(
        headName(this.#chain),
        undefined,
        `the head of the log does not name line ${head.sequence}: one of the two was altered`,
      )
    for (const tail of this.#tails) {
      // A crash cuts the last write. It leaves no whole line that cannot be read.
      if (tail.hasNewline) throw faultIn(tail.file, tail.line, NOT_A_LINE)
      this.#unfinished.push({ file: tail.file, bytes: tail.bytes })
    }
  }
}

const NOT_A_LINE = 'it is not a line of an audit log: it was altered or cut'
const MISSING_FILE = 'the file before it is missing'

const faultIn = (file: string, line: number | undefined, what: string): Fault => new Fault({ file, line, what })

/** With their newline, except for bytes after the last one. */
async function* linesOf(path: string): AsyncGenerator<{ readonly bytes: Buffer; readonly isWhole: boolean }> {
  let rest: Buffer = Buffer.alloc(0)
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 }) as AsyncIterable<Buffer>) {
    const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk])
    let start = 0
    for (let newline = bytes.indexOf(10); newline >= 0; newline = bytes.indexOf(10, start)) {
      yield { bytes: bytes.subarray(start, newline + 1), isWhole: true }
      start = newline + 1
    }
    rest = bytes.subarray(start)
  }
  if (rest.length > 0) yield { bytes: rest, isWhole: false }
}
