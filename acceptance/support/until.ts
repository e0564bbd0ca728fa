/** Polls as the official examples do, until there is a result, for at most two minutes. */
import { setTimeout as pause } from 'node:timers/promises'

/** The pause grows with the time waited so far: a slow machine must not make a test exceed the throttles that it runs under. */
const FIRST_PAUSE_MS = 10
const LONGEST_PAUSE_MS = 200
const GIVE_UP_MS = 120_000

/** The first result that is not undefined. */
export async function until<T>(ask: () => Promise<T | undefined>): Promise<T> {
  const startedAt = performance.now()
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    const waited = performance.now() - startedAt
    if (waited > GIVE_UP_MS) throw new Error(`no answer within ${GIVE_UP_MS} ms`)
    await pause(Math.min(LONGEST_PAUSE_MS, Math.max(FIRST_PAUSE_MS, waited / 5)))
  }
}
