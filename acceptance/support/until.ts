/** Polls as the official examples do, until there is a result, for at most a minute. */
import { setTimeout as pause } from 'node:timers/promises'

const EVERY_MS = 10
const GIVE_UP_MS = 60_000

/** The first result that is not undefined. */
export async function until<T>(ask: () => Promise<T | undefined>): Promise<T> {
  const deadline = performance.now() + GIVE_UP_MS
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (performance.now() > deadline) throw new Error(`no answer within ${GIVE_UP_MS} ms`)
    await pause(EVERY_MS)
  }
}
