/** Finds the end of a chain when a server starts. After a crash, bytes of unfinished lines may follow the last whole line. */
import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { chainsIn, filesOfChain, newChain, readHead } from './audit-files.ts'
import { CHAIN_START, type ChainEnd, endAt, readLine } from './chain.ts'

/** Bytes after the last whole line of a file, which a crash left there. */
export interface UnfinishedTail {
  readonly file: string
  /** Where the last whole line ends. */
  readonly offset: number
  readonly bytes: number
  readonly sha256: string
}

interface FoundChain {
  readonly chain: string
  readonly end: ChainEnd
  /** The number of the next file. */
  readonly nextFile: number
  readonly unfinished: readonly UnfinishedTail[]
  /** What the head says was durable. Undefined if the head is missing or damaged. */
  readonly durable: ChainEnd | undefined
  readonly isNew: boolean
}

/** @param chain default: the first one of the folder. A chain without files is a new one. */
export function findChain(folder: string, chain: string = chainsIn(folder)[0] ?? newChain()): FoundChain {
  if (!chainsIn(folder).includes(chain)) {
    return { chain, end: CHAIN_START, nextFile: 1, unfinished: [], durable: CHAIN_START, isNew: true }
  }
  const files = filesOfChain(folder, chain)
  const nextFile = (files.at(-1)?.number ?? 0) + 1
  const durable = readHead(folder, chain)
  const unfinished: UnfinishedTail[] = []
  for (const { name } of files.reverse()) {
    const found = lastLineOf(join(folder, name))
    if (found.bytes.length > found.offset) unfinished.unshift(tailOf(name, found))
    if (found.end !== undefined) return { chain, end: found.end, nextFile, unfinished, durable, isNew: false }
  }
  return { chain, end: CHAIN_START, nextFile, unfinished, durable, isNew: false }
}

/** For commands, which act one after the other. @throws Error if the folder has several chains */
export function findOnlyChain(folder: string): FoundChain {
  const [chain, other] = chainsIn(folder)
  if (other === undefined) return findChain(folder, chain)
  throw new Error(`it holds the logs of several servers (${chain} and ${other}). Move those of other servers away`)
}

interface LastLine {
  readonly bytes: Buffer
  /** Where the last whole line ends. */
  readonly offset: number
  readonly end: ChainEnd | undefined
}

export function lastLineOf(path: string): LastLine {
  const bytes = readFileSync(path)
  for (let newline = bytes.lastIndexOf(10); newline >= 0; ) {
    const before = newline === 0 ? -1 : bytes.lastIndexOf(10, newline - 1)
    const line = bytes.subarray(before + 1, newline)
    const read = readLine(line.toString())
    if (read !== undefined) return { bytes, offset: newline + 1, end: endAt(line, read.sequence) }
    newline = before
  }
  return { bytes, offset: 0, end: undefined }
}

const tailOf = (file: string, { bytes, offset }: LastLine): UnfinishedTail => ({
  ...{ file, offset, bytes: bytes.length - offset },
  sha256: hash('sha256', bytes.subarray(offset)),
})
