/**
 * Ctrl-C and the other stop signals. The first one requests a clean stop, a second one ends the process. One Ctrl-C may arrive several times,
 * directly and through npm and the launcher, so signals within a short time count as one.
 */

const ONE_PRESS_MS = 500
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

export interface StopSignal {
  /** Aborted at the first signal. */
  readonly signal: AbortSignal
  /** Resolves at the first signal, with its name. */
  readonly requested: Promise<NodeJS.Signals>
  /** Restores the default handling of signals. */
  ignore(): void
}

export function listenForStop(options: {
  readonly now: () => number
  readonly endAtOnce: () => void
  /** Whether SIGHUP is a stop signal; default: `stop`. */
  readonly onHangup?: 'stop' | 'ignore'
}): StopSignal {
  const signals = SIGNALS.filter((name) => name !== 'SIGHUP' || options.onHangup !== 'ignore')
  const controller = new AbortController()
  const { promise: requested, resolve } = Promise.withResolvers<NodeJS.Signals>()
  let firstAt: number | undefined
  const onSignal = (name: NodeJS.Signals) => {
    if (firstAt === undefined) {
      firstAt = options.now()
      controller.abort()
      resolve(name)
    } else if (options.now() - firstAt > ONE_PRESS_MS) {
      options.endAtOnce()
    }
  }
  for (const name of signals) process.on(name, onSignal)
  return {
    signal: controller.signal,
    requested,
    ignore() {
      for (const name of signals) process.off(name, onSignal)
    },
  }
}

/** For commands: a second Ctrl-C exits with the code that shells use for an interrupted program. */
export const stopOnCtrlC = (how: { readonly onHangup?: 'stop' | 'ignore' } = {}): StopSignal =>
  listenForStop({ ...how, now: Date.now, endAtOnce: () => process.exit(130) })
