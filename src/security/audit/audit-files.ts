/**
 * The files of an audit log: `<chain>-<number>.jsonl` in order, and `<chain>.head`, which names a line that is durable. Without the head, lines
 * that are missing at the end could not be noticed. One process writes a chain at a time; a server with several processes has several chains.
 */
import { randomBytes } from 'node:crypto'
import { closeSync, fsyncSync, openSync, readdirSync, readFileSync, renameSync, writeSync } from 'node:fs'
import { join } from 'node:path'
import type { ChainEnd } from './chain.ts'

export const AUDIT_FOLDER = 'audit'
/** In the audit folder: the log of commands that act without a server. */
export const COMMANDS_FOLDER = 'commands'

export interface AuditFile {
  readonly chain: string
  readonly number: number
  readonly name: string
}

const FILE_NAME = /^([0-9a-f]{16})-(\d{8})\.jsonl$/

export const fileName = (chain: string, number: number): string => `${chain}-${String(number).padStart(8, '0')}.jsonl`
export const headName = (chain: string): string => `${chain}.head`

/** In the order in which they were written, chain by chain. None if the folder does not exist. */
export function auditFilesIn(folder: string): AuditFile[] {
  return namesIn(folder)
    .flatMap((name) => {
      const [, chain, number] = FILE_NAME.exec(name) ?? []
      return chain === undefined ? [] : [{ chain, number: Number(number), name }]
    })
    .sort((a, b) => (a.chain < b.chain ? -1 : a.chain > b.chain ? 1 : a.number - b.number))
}

export const filesOfChain = (folder: string, wanted: string): AuditFile[] =>
  auditFilesIn(folder).filter(({ chain }) => chain === wanted)

/** The name of a chain that does not exist yet. */
export const newChain = (): string => randomBytes(8).toString('hex')

/** Of all chains in the folder, including those whose files are missing. */
export function chainsIn(folder: string): string[] {
  const names = namesIn(folder).flatMap((name) => /^([0-9a-f]{16})(?:-\d{8}\.jsonl|\.head)$/.exec(name)?.[1] ?? [])
  return [...new Set(names)].sort()
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw error
  }
}

/** Always of the same length, so that one write of less than a sector replaces it. */
export const headText = ({ sequence, hash }: ChainEnd): string => `${String(sequence).padStart(16, '0')} ${hash}\n`

/** Undefined if it is missing or damaged. */
export function readHead(folder: string, chain: string): ChainEnd | undefined {
  let text: string
  try {
    text = readFileSync(join(folder, headName(chain)), 'latin1')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined
    throw error
  }
  const [, sequence, hash] = /^(\d{16}) ([0-9a-f]{64})\n$/.exec(text) ?? []
  return hash === undefined ? undefined : { sequence: Number(sequence), hash }
}

/** Creates or replaces it at once: after a crash it is the old one or the new one. */
export function writeHead(folder: string, chain: string, end: ChainEnd): void {
  const draft = join(folder, `${headName(chain)}.draft`)
  const head = openSync(draft, 'w', 0o600)
  try {
    writeSync(head, headText(end))
    fsyncSync(head)
  } finally {
    closeSync(head)
  }
  renameSync(draft, join(folder, headName(chain)))
}

/** Makes created and removed names durable. */
export function syncFolder(folder: string): void {
  // Windows cannot open folders, and its file systems write names in order.
  if (process.platform === 'win32') return
  const handle = openSync(folder, 'r')
  try {
    fsyncSync(handle)
  } finally {
    closeSync(handle)
  }
}
