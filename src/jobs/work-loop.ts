/** Claims and does work, one item at a time. Without work it waits until it is woken, and polls every second. */
import type { Log } from '../app.ts'

export interface WorkLoop {
  /** Polls now. */
  wake(): void
  /** Time since the last work ended; 0 during work; undefined if there was none. */
  idleMs(): number | undefined
  /** Resolves when the current work is released or done. */
  stop(): Promise<void>
}

export interface Work {
  /** For the log. */
  readonly name: string
  /** Rejects if a store is unavailable; it is then called again after the poll interval. */
  takeOne(signal: AbortSignal): Promise<'worked' | 'idle'>
}

/** Finds work that other processes submitted, and expired leases. */
const POLL_MS = 1_000

export function startWorkLoop(log: Log, { name, takeOne }: Work): WorkLoop {
  const stopping = new AbortController()
  let wakeUp: () => void = () => {}
  let woken = false
  let workedAt: number | undefined
  let isBusy = false
  const wake = () => {
    woken = true
    wakeUp()
  }

  async function waitForWork(): Promise<void> {
    if (woken || stopping.signal.aborted) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, POLL_MS)
      wakeUp = () => {
        clearTimeout(timer)
        resolve()
      }
    })
    wakeUp = () => {}
  }

  async function work(): Promise<void> {
    while (!stopping.signal.aborted) {
      woken = false
      isBusy = true
      try {
        const taken = await takeOne(stopping.signal)
        isBusy = false
        if (taken === 'worked') workedAt = performance.now()
        else await waitForWork()
      } catch (err) {
        isBusy = false
        log.error({ err }, `the ${name} could not use its stores; it will retry`)
        await waitForWork()
      }
    }
  }

  const ended = work()
  return {
    wake,
    idleMs: () => (workedAt === undefined ? undefined : isBusy ? 0 : performance.now() - workedAt),
    async stop() {
      stopping.abort()
      wake()
      await ended
    },
  }
}
