/** One frame thread, from outside: it is asked for one frame at a time, and ended when it does not answer in time. */
import { Worker } from 'node:worker_threads'
import type { FrameReply, FrameRequest } from './frame-thread.ts'
import { deadlineOf } from './processor-deadline.ts'

/** JavaScript's own heap: frames and their pixels lie beside it. */
const HEAP_MB = 256

export class FrameThread {
  readonly #worker: Worker
  #isEnded = false

  constructor(threadFile = ownThreadFile()) {
    this.#worker = new Worker(threadFile, { resourceLimits: { maxOldGenerationSizeMb: HEAP_MB } })
    // What a thread throws that is being ended, or that nobody waits for, is told by its exit.
    this.#worker.on('error', () => {})
    // Idle threads do not keep the process; one at work is waited for by whoever asked.
    this.#worker.unref()
  }

  /**
   * The memory of the frame goes to the thread, and comes back with the reply.
   * @returns undefined where the thread died, or has not replied by the deadline: it is to be ended
   * @throws where it was ended meanwhile
   */
  async ask(frame: FrameRequest, deadlineMs: number): Promise<FrameReply | undefined> {
    this.#worker.ref()
    try {
      const reply = await this.#answer(frame, deadlineMs)
      if (this.#isEnded) throw new Error('the frame threads have stopped')
      return reply
    } finally {
      this.#worker.unref()
    }
  }

  async end(): Promise<void> {
    this.#isEnded = true
    await this.#worker.terminate()
  }

  #answer(frame: FrameRequest, deadlineMs: number): Promise<FrameReply | undefined> {
    const worker = this.#worker
    if (worker.threadId < 0) return Promise.resolve(undefined)
    return new Promise((resolve) => {
      const finish = (reply: FrameReply | undefined) => {
        frameIsDone()
        worker.off('message', finish)
        worker.off('exit', died)
        resolve(reply)
      }
      const died = () => finish(undefined)
      const frameIsDone = deadlineOf(worker, { deadlineMs, onPassed: died })
      worker.on('message', finish)
      worker.on('exit', died)
      worker.postMessage(frame, [frame.bytes.buffer as ArrayBuffer])
    })
  }
}

/** In dist/ this file and the thread's are JavaScript; in the clone both are TypeScript, which Node runs as it is. */
const ownThreadFile = (): URL =>
  new URL(`./frame-thread.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url)
