/**
 * The hash chain of the audit log: every line holds its sequence number and the SHA-256 of the line before. A line that was altered, removed,
 * inserted or moved does not fit its neighbours.
 */
import { hash } from 'node:crypto'

/** The last line of a chain. */
export interface ChainEnd {
  readonly sequence: number
  /** The SHA-256 of the line without its newline, in hexadecimal. */
  readonly hash: string
}

export const CHAIN_START: ChainEnd = { sequence: 0, hash: '0'.repeat(64) }

export interface ChainedLine {
  readonly event: Readonly<Record<string, unknown>>
  readonly sequence: number
  readonly previousHash: string
}

/** The line that follows `end`, with its newline. */
export function nextLine(event: object, end: ChainEnd): { readonly bytes: Buffer; readonly end: ChainEnd } {
  const sequence = end.sequence + 1
  const members = JSON.stringify(event).slice(0, -1)
  const bytes = Buffer.from(`${members},"sequenceNumber":${sequence},"previousLineHash":"${end.hash}"}\n`)
  return { bytes, end: endAt(bytes.subarray(0, -1), sequence) }
}

/** Undefined for text that is not a line of an audit log. */
export function readLine(text: string): ChainedLine | undefined {
  let event: Record<string, unknown>
  try {
    event = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof event !== 'object' || event === null) return undefined
  const { sequenceNumber: sequence, previousLineHash: previousHash } = event
  if (!Number.isSafeInteger(sequence) || typeof previousHash !== 'string') return undefined
  return { event, sequence: sequence as number, previousHash }
}

/** By bytes: text that is not UTF-8 must not get the hash of its replacement characters. */
export const endAt = (line: Uint8Array, sequence: number): ChainEnd => ({ sequence, hash: hash('sha256', line) })
