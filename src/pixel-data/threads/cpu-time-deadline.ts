/**
 * A deadline by the CPU time of a thread. On a busy machine a thread waits long for a core, which is not an error of its frame: a deadline by
 * the clock alone would lose valid frames.
 */
import type { Worker } from 'node:worker_threads'

/** The limit by the clock, as a multiple of the deadline. */
const CLOCK_FACTOR = 20
const CHECK_AGAIN_MS = 50
/** A thread that does not report its CPU time within this counts as one that has used all of it. */
const REPORT_TIMEOUT_MS = 10_000

/**
 * Waits the deadline by the clock first, because most frames are done by then. A frame that still runs may use as much CPU time again.
 * @param options.onPassed called when the deadline has passed
 * @returns to be called when the frame is done
 */
export function startDeadline(worker: Worker, { deadlineMs, onPassed }: { deadlineMs: number; onPassed: () => void }) {
  const startedAt = performance.now()
  let isDone = false
  let usedBefore: number | undefined
  let timer = setTimeout(check, deadlineMs)

  async function check(): Promise<void> {
    const used = await cpuMsOf(worker)
    if (isDone) return
    const isLong = performance.now() - startedAt >= CLOCK_FACTOR * deadlineMs
    if (used === undefined || isLong) return onPassed()
    usedBefore ??= used
    const left = deadlineMs - (used - usedBefore)
    if (left <= 0) return onPassed()
    timer = setTimeout(check, Math.max(left, CHECK_AGAIN_MS))
  }

  return () => {
    isDone = true
    clearTimeout(timer)
  }
}

/** Undefined if Node does not report it (before 24.6), the thread does not answer, or it has ended. */
async function cpuMsOf(worker: Worker): Promise<number | undefined> {
  if (typeof worker.cpuUsage !== 'function') return undefined
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, REPORT_TIMEOUT_MS, undefined)
  })
  const report = worker.cpuUsage().then(
    ({ user, system }) => (user + system) / 1000,
    () => undefined,
  )
  const used = await Promise.race([report, timeout])
  clearTimeout(timer)
  return used
}
