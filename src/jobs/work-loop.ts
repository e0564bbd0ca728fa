/** Takes one piece of work after another; where there is none, waits until it is woken, and looks by itself now and then. */
import type { Log } from '../app.ts'

export interface WorkLoop {
  /** Work waits: look now. */
  wake(): void
  /** How long it has had nothing to do since it last worked; undefined where it never has. */
  idleMs(): number | undefined
  /** Ends when the piece in hand has been put down or done. */
  stop(): Promise<void>
}

export interface Work {
  /** For the log. */
  readonly name: string
  /** Rejects where a store is away: it is tried again after a while. */
  takeOne(signal: AbortSignal): Promise<'worked' | 'nothing waits'>
}

/** For work of other processes, and for leases that run out. */
const LOOK_EVERY_MS = 1_000

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
      const timer = setTimeout(resolve, LOOK_EVERY_MS)
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
        // The store is away or full. Leases run out by themselves, and the work goes on when the store is back.
        log.error({ err }, `the ${name} could not use its stores; it tries again`)
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
