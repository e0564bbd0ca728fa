/** Conversion of values to and from PostgreSQL: counts as numbers, and texts with a NUL. */
import assert from 'node:assert/strict'
import type { CustomTypesConfig } from 'pg'
import type { SqlValue } from '../statement.ts'

const INT8 = 20
const BYTES = 17
const TEXT_TYPES = [25, 1043]

/*
 * PostgreSQL stores no NUL in a text, but a client may send one and SQLite stores it. U+0000 becomes U+0001 U+0001 and U+0001 becomes
 * U+0001 U+0002: what was equal stays equal, what was different stays different, and the order of bytes is the same.
 */
const TO_ESCAPE = /[\0\x01]/g
const ESCAPED = /\x01[\x01\x02]/g

const escaped = (text: string): string => text.replace(TO_ESCAPE, (each) => (each === '\0' ? '\x01\x01' : '\x01\x02'))

export const toPostgres = (value: SqlValue): SqlValue => (typeof value === 'string' ? escaped(value) : value)

/** A text inside a JSON text. Half a surrogate pair becomes U+FFFD, as it does where a text is encoded alone. */
export const textInJson = (text: string): string => escaped(text.toWellFormed())

const textOf = (kept: string): string =>
  kept.includes('\x01') ? kept.replace(ESCAPED, (each) => (each === '\x01\x01' ? '\0' : '\x01')) : kept

/** Study timestamps of distant centuries are beyond 2^53. The digits of a written number convert back to it. */
function numberOf(digits: string): number {
  const number = Number(digits)
  assert(String(number) === digits, 'a whole number of the catalog is a number of ours')
  return number
}

/** Always hexadecimal after `\\x`. */
const bytesOf = (hex: string): Uint8Array => Buffer.from(hex.slice(2), 'hex')

/** Parsers for the types of the catalog. */
export const POSTGRES_TYPES: CustomTypesConfig = {
  getTypeParser: ((oid: number) => {
    if (oid === INT8 || oid === 23) return numberOf
    if (oid === BYTES) return bytesOf
    return TEXT_TYPES.includes(oid) ? textOf : (kept: string) => kept
  }) as CustomTypesConfig['getTypeParser'],
}
