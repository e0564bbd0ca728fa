/**
 * Ctrl-C and its like. The first one asks to stop cleanly, a second one ends the process at once. A terminal's Ctrl-C can arrive
 * several times, straight and through npm and the launcher, so those that come together count as one.
 */

const ONE_PRESS_MS = 500
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export interface StopSignal {
  /** Aborted at the first signal. */
  readonly signal: AbortSignal
  /** Resolves at the first signal. */
  readonly requested: Promise<void>
  /** The process's own ways with signals come back. */
  ignore(): void
}

export function listenForStop(options: { now: () => number; endAtOnce: () => void }): StopSignal {
  const controller = new AbortController()
  const { promise: requested, resolve } = Promise.withResolvers<void>()
  let firstAt: number | undefined
  const onSignal = () => {
    if (firstAt === undefined) {
      firstAt = options.now()
      controller.abort()
      resolve()
    } else if (options.now() - firstAt > ONE_PRESS_MS) {
      options.endAtOnce()
    }
  }
  for (const name of SIGNALS) process.on(name, onSignal)
  return {
    signal: controller.signal,
    requested,
    ignore() {
      for (const name of SIGNALS) process.off(name, onSignal)
    },
  }
}

/** As a command hears it: a second Ctrl-C leaves with the exit code that shells give an interrupted program. */
export const stopOnCtrlC = (): StopSignal => listenForStop({ now: Date.now, endAtOnce: () => process.exit(130) })
