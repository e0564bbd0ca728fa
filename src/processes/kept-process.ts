/** Keeps a process running: one that ends is started again, later each time if it ends soon; and it can be replaced while it runs. */
import { setTimeout } from 'node:timers/promises'
import type { Log } from '../app.ts'
import type { StartedProcess } from './started-process.ts'

const FIRST_WAIT_MS = 100
const LONGEST_WAIT_MS = 10_000
/** After so long a life, the next start does not wait. */
const LIVED_MS = 10_000

export interface KeptProcess {
  /** Undefined while there is none that is ready. */
  readonly running: StartedProcess | undefined
  /** Starts another one, and then stops the one before. @throws Error if the other one does not start; the one before goes on */
  replace(): Promise<void>
  /** @param drainMs as of HowToStop */
  stop(drainMs: number): Promise<void>
}

/** Resolves when the process is ready. @throws the reason why it did not start */
export async function keepProcess(
  start: () => StartedProcess,
  { log, onRestart }: { readonly log: Log; readonly onRestart: () => void },
): Promise<KeptProcess> {
  const stopping = new AbortController()
  let current = start()
  let isReady = false
  let isReplacing = false
  let hasEnded = false
  let waitMs = 0
  let startedAt = 0
  let restarting: Promise<void> = Promise.resolve()

  async function begin(process: StartedProcess): Promise<void> {
    current = process
    hasEnded = false
    try {
      await process.ready
    } catch (error) {
      process.kill()
      await process.ended
      throw error
    }
    isReady = true
    startedAt = performance.now()
    void process.ended.then((how) => onEnd(process, how))
  }

  function onEnd(process: StartedProcess, how: string): void {
    if (process !== current || stopping.signal.aborted) return
    isReady = false
    hasEnded = true
    log.error({ reason: how }, `the process ${process.name} has ended; another one takes its place`)
    onRestart()
    if (!isReplacing) restarting = restart()
  }

  async function restart(): Promise<void> {
    const { signal } = stopping
    waitMs =
      performance.now() - startedAt >= LIVED_MS ? 0 : Math.min(LONGEST_WAIT_MS, Math.max(FIRST_WAIT_MS, 2 * waitMs))
    for (;;) {
      await setTimeout(waitMs, undefined, { signal }).catch(() => {})
      if (signal.aborted) return
      try {
        return await begin(start())
      } catch (err) {
        if (signal.aborted) return
        log.error({ err }, 'a process of the server could not start; it is tried again')
        waitMs = Math.min(LONGEST_WAIT_MS, Math.max(FIRST_WAIT_MS, 2 * waitMs))
      }
    }
  }

  await begin(current)
  return {
    get running() {
      return isReady ? current : undefined
    },
    async replace() {
      if (!isReady || isReplacing || stopping.signal.aborted) return
      const before = current
      isReplacing = true
      const next = start()
      try {
        await next.ready
      } catch (error) {
        next.kill()
        if (hasEnded) restarting = restart()
        throw error
      } finally {
        isReplacing = false
      }
      await begin(next)
      await before.stop({ isReplaced: true, drainMs: 0 })
    },
    async stop(drainMs) {
      stopping.abort()
      await Promise.all([current.stop({ isReplaced: false, drainMs }), restarting])
    },
  }
}
