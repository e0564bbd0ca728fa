/** New access keys: 20 and 40 characters, like AWS's. The id is in base 32. */
import { randomBytes } from 'node:crypto'

const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

export function makeAccessKey(): { readonly accessKeyId: string; readonly secretAccessKey: string } {
  const id = Array.from(randomBytes(15), (byte) => LETTERS[byte % 32]).join('')
  return { accessKeyId: `HILUM${id}`, secretAccessKey: randomBytes(30).toString('base64') }
}
