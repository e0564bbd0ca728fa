/** Which keys a blob store takes, and the order they are listed in: one rule for disk, memory and S3. */

/** S3's own limit, in bytes of UTF-8; file systems take longer paths. */
const KEY_BYTES_MAX = 1024

/** A key that no blob can have. Its message does not repeat it: folders of patients are named after patients. */
export class InvalidBlobKey extends Error {
  override readonly name = 'InvalidBlobKey'
  constructor(why: string) {
    super(`a blob cannot have this key: ${why}`)
  }
}

/** Why no blob can have the key, or undefined. */
export function faultOfKey(key: string): string | undefined {
  if (key === '') return 'it is empty'
  if (Buffer.byteLength(key) > KEY_BYTES_MAX) return `it is longer than ${KEY_BYTES_MAX} bytes`
  if (key.includes('\0')) return 'it contains NUL'
  if (!key.isWellFormed()) return 'it is not well-formed Unicode'
  if (key.split('/').some((part) => part === '.' || part === '..')) return 'a part of it is . or ..'
  return undefined
}

/** As faultOfKey, for a key that is to be a path below a folder: nothing that passes leads out of it. */
export function faultOfPath(key: string): string | undefined {
  const fault = faultOfKey(key)
  if (fault !== undefined) return fault
  return key.split('/').includes('') ? 'it begins or ends with a slash or has two in a row' : undefined
}

/** Byte order of the UTF-8 forms, which is code point order; `<` on strings puts U+FF61 before U+1F600, but U+E000 after it. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)]
    if (x !== y) return rank(x) - rank(y)
  }
  return a.length - b.length
}

/** Surrogates stand for code points above all others of 16 bits. */
const rank = (unit: number): number => (unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit)

/** Whether a key belongs in a listing. */
export const isListed = (
  key: string,
  { prefix, after }: { readonly prefix: string; readonly after: string | undefined },
) => key.startsWith(prefix) && (after === undefined || compareKeys(key, after) > 0)
