/**
 * A deadline by the time that a thread has had of the processor. Where a machine has more to do than it can, a thread waits long for its
 * turns, which is not its frame's fault: the clock alone would lose frames that are sound.
 */
import type { Worker } from 'node:worker_threads'

/** By the clock a frame may take so many times its deadline. */
const CLOCK_FACTOR = 20
const LOOK_AGAIN_MS = 50
/** A thread that does not even say so within it counts as one that has used its time. */
const ANSWER_MS = 10_000

/**
 * By the clock first, since most frames are long done by then; what then still runs is given as much of the processor.
 * @returns to be called when the frame is done
 */
export function deadlineOf(worker: Worker, { deadlineMs, onPassed }: { deadlineMs: number; onPassed: () => void }) {
  const startedAt = performance.now()
  let isDone = false
  let usedBefore: number | undefined
  let timer = setTimeout(look, deadlineMs)

  async function look(): Promise<void> {
    const used = await processorMsOf(worker)
    if (isDone) return
    const isLong = performance.now() - startedAt >= CLOCK_FACTOR * deadlineMs
    if (used === undefined || isLong) return onPassed()
    usedBefore ??= used
    const left = deadlineMs - (used - usedBefore)
    if (left <= 0) return onPassed()
    timer = setTimeout(look, Math.max(left, LOOK_AGAIN_MS))
  }

  return () => {
    isDone = true
    clearTimeout(timer)
  }
}

/** Undefined where Node is too old to tell (24.6), or the thread is gone. */
async function processorMsOf(worker: Worker): Promise<number | undefined> {
  if (typeof worker.cpuUsage !== 'function') return undefined
  let unanswered: NodeJS.Timeout | undefined
  const silence = new Promise<undefined>((resolve) => {
    unanswered = setTimeout(resolve, ANSWER_MS, undefined)
  })
  const answer = worker.cpuUsage().then(
    ({ user, system }) => (user + system) / 1000,
    () => undefined,
  )
  const used = await Promise.race([answer, silence])
  clearTimeout(unanswered)
  return used
}
