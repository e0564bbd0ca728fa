/** Identifiers like those of AWS: 32 random lower-case hex digits. */
import { randomFillSync } from 'node:crypto'

const ID_BYTES = 16
/** Random bytes for many ids: a call costs the same for 16 bytes and for 4096. */
const randomBytes = Buffer.alloc(256 * ID_BYTES)
let used = randomBytes.length

export function newId(): string {
  if (used === randomBytes.length) {
    randomFillSync(randomBytes)
    used = 0
  }
  used += ID_BYTES
  return randomBytes.toString('hex', used - ID_BYTES, used)
}
