/** How much memory the server may take: all of the machine's, or as much as its control group (a container, a service) is given. */
import { totalmem } from 'node:os'

export function memoryOfServer(): number {
  // Where there is no such bound it is 0, or more than any machine has.
  const bound = process.constrainedMemory()
  return bound > 0 ? Math.min(bound, totalmem()) : totalmem()
}
