/** Conditional and range requests (RFC 9110 13 and 14) for bodies of known length. */
import { ContractError } from '../../contract/errors.ts'
import { writeError } from '../aws/write-error.ts'
import type { WireHeaders, WireReply } from '../http/wire.ts'

export interface Wanted {
  readonly kind: 'whole' | 'part'
  readonly start: number
  readonly length: number
}

/** For If-None-Match, which compares weakly. */
export function isKnown(headers: WireHeaders, entityTag: string): boolean {
  const known = headers['if-none-match']
  if (known === undefined) return false
  return known.split(',').some((tag) => ['*', `"${entityTag}"`].includes(tag.trim().replace(/^W\//, '')))
}

export const notModified = (entityTag: string): WireReply => ({
  status: 304,
  headers: { ETag: `"${entityTag}"` },
  body: '',
})

/**
 * The bytes that the client wants. Several ranges are not sent as such: the whole body is (RFC 9110 14.2 allows it), and so it is where the
 * header is malformed or If-Range names another version.
 * @returns undefined where no byte of the range exists
 */
export function wantedBytes(
  headers: WireHeaders,
  { sizeBytes, entityTag }: { readonly sizeBytes: number; readonly entityTag: string },
): Wanted | undefined {
  const whole: Wanted = { kind: 'whole', start: 0, length: sizeBytes }
  const [, first, last] = /^bytes=\s*(\d{0,15})\s*-\s*(\d{0,15})\s*$/i.exec(headers.range ?? '') ?? []
  if (first === undefined || last === undefined || (first === '' && last === '')) return whole
  const condition = headers['if-range']
  if (condition !== undefined && condition.trim() !== `"${entityTag}"`) return whole
  if (first !== '' && last !== '' && Number(last) < Number(first)) return whole
  const start = first === '' ? Math.max(0, sizeBytes - Number(last)) : Number(first)
  const end = first === '' || last === '' ? sizeBytes : Math.min(Number(last) + 1, sizeBytes)
  return start < end ? { kind: 'part', start, length: end - start } : undefined
}

/** Headers of a body that can be requested in parts. */
export const headersOf = (
  { kind, start, length }: Wanted,
  { sizeBytes, entityTag }: { readonly sizeBytes: number; readonly entityTag: string },
): Record<string, string> => ({
  'Accept-Ranges': 'bytes',
  ETag: `"${entityTag}"`,
  ...(kind === 'part' && { 'Content-Range': `bytes ${start}-${start + length - 1}/${sizeBytes}` }),
})

export function notSatisfiable(sizeBytes: number): WireReply {
  const message = `The header Range begins after the last byte: the body has ${sizeBytes} bytes`
  const reply = writeError(new ContractError('RangeNotSatisfiableException', message))
  return { ...reply, headers: { ...reply.headers, 'Content-Range': `bytes */${sizeBytes}` } }
}
