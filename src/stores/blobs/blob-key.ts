/** Which keys are valid, and their order in a listing: the same for disk, memory and S3. */
/** S3's own limit, in bytes of UTF-8; file systems take longer paths. */
const KEY_BYTES_MAX = 1024

/** An invalid key. The message does not contain it, because folders are often named after patients. */
export class InvalidBlobKey extends Error {
  override readonly name = 'InvalidBlobKey'
  constructor(why: string) {
    super(`a blob cannot have this key: ${why}`)
  }
}

/** Why the key is invalid, or undefined. */
export function faultOfKey(key: string): string | undefined {
  if (key === '') return 'it is empty'
  if (Buffer.byteLength(key) > KEY_BYTES_MAX) return `it is longer than ${KEY_BYTES_MAX} bytes`
  if (key.includes('\0')) return 'it contains NUL'
  if (!key.isWellFormed()) return 'it is not well-formed Unicode'
  if (key.split('/').some((part) => part === '.' || part === '..')) return 'a part of it is . or ..'
  return undefined
}

/** The same for a key that becomes a path below a folder: a valid one never leads out of the folder. */
export function faultOfPath(key: string): string | undefined {
  const fault = faultOfKey(key)
  if (fault !== undefined) return fault
  return key.split('/').includes('') ? 'it begins or ends with a slash or has two in a row' : undefined
}

/** Byte order in UTF-8, which is the order of code points. `<` compares UTF-16 units and puts U+1F600 before U+FF61. */
export function compareKeys(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)]
    if (x !== y) return rank(x) - rank(y)
  }
  return a.length - b.length
}

/** Surrogates encode code points above those of all other units. */
const rank = (unit: number): number => (unit >= 0xd800 && unit < 0xe000 ? unit + 0x10000 : unit)

/** Whether a key belongs in a listing. */
export const isListed = (
  key: string,
  { prefix, after }: { readonly prefix: string; readonly after: string | undefined },
) => key.startsWith(prefix) && (after === undefined || compareKeys(key, after) > 0)
