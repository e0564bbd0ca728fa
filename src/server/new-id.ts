/** Identifiers as the real service makes them: 32 lower-case hex digits, all random. */
import { randomFillSync } from 'node:crypto'

const ID_BYTES = 16
/** Chance is fetched for many at once: asking for it costs the same for 16 bytes and for 4096. */
const chance = Buffer.alloc(256 * ID_BYTES)
let used = chance.length

export function newId(): string {
  if (used === chance.length) {
    randomFillSync(chance)
    used = 0
  }
  used += ID_BYTES
  return chance.toString('hex', used - ID_BYTES, used)
}
