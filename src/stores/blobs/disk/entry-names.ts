/**
 * The part of a key that an entry of a folder gets from its name. A name that is UTF-8 is its own part. In any other name the bytes that
 * are not UTF-8, and percent signs, are written as `%` and two hexadecimal digits: `a\xff` becomes `a%FF`.
 */
import { isUtf8 } from 'node:buffer'

/** The greatest length of one character in UTF-8. */
const CHARACTER_BYTES_MAX = 4
const PERCENT = 0x25

/** In the order of the names, and no part twice: where a UTF-8 name looks like an escaped one, the other ends in more percent signs. */
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

/** 0 where no character of UTF-8 begins. */
function characterLength(name: Buffer, at: number): number {
  for (let length = 1; length <= CHARACTER_BYTES_MAX && at + length <= name.length; length++) {
    if (isUtf8(name.subarray(at, at + length))) return length
  }
  return 0
}

const escapedByte = (byte: number): string => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
