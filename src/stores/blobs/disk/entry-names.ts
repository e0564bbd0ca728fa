/**
 * The names of folder entries as parts of keys. A UTF-8 name is unchanged. In any other name, percent signs and bytes that are not UTF-8
 * become `%` and two hexadecimal digits: `a\xff` becomes `a%FF`.
 */
import { isUtf8 } from 'node:buffer'

/** The longest character in UTF-8. */
const CHARACTER_BYTES_MAX = 4
const PERCENT = 0x25

/** In the order of the names. Parts are unique: if an escaped name equals another part, percent signs are appended. */
export function keyPartsOf(names: readonly Buffer[]): string[] {
  const parts: (string | undefined)[] = names.map((name) => (isUtf8(name) ? name.toString() : undefined))
  if (!parts.includes(undefined)) return parts as string[]
  const taken = new Set(parts)
  // In byte order of the names, so that the parts do not depend on the order in which a file system lists them.
  const escaped = [...names.keys()]
    .filter((at) => parts[at] === undefined)
    .sort((a, b) => Buffer.compare(names[a]!, names[b]!))
  for (const at of escaped) {
    let part = escapedName(names[at]!)
    while (taken.has(part)) part += '%'
    taken.add(part)
    parts[at] = part
  }
  return parts as string[]
}

function escapedName(name: Buffer): string {
  let text = ''
  for (let at = 0; at < name.length; ) {
    const length = characterLength(name, at)
    text += length === 0 || name[at] === PERCENT ? escapedByte(name[at]!) : name.toString('utf8', at, at + length)
    at += Math.max(1, length)
  }
  return text
}

/** 0 if there is no UTF-8 character. */
function characterLength(name: Buffer, at: number): number {
  for (let length = 1; length <= CHARACTER_BYTES_MAX && at + length <= name.length; length++) {
    if (isUtf8(name.subarray(at, at + length))) return length
  }
  return 0
}

const escapedByte = (byte: number): string => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
