/** The caller's side of a frame thread: sends it one frame at a time and waits for the reply, up to a deadline. */
import { Worker } from 'node:worker_threads'
import { startDeadline } from './cpu-time-deadline.ts'
import type { FrameReply, FrameRequest } from './frame-thread.ts'

/** The JavaScript heap, and that of new objects in it; frames and their pixels are outside. */
const HEAP_MB = 256
const YOUNG_MB = 12

export class FrameWorker {
  readonly #worker: Worker
  #isEnded = false

  constructor(threadFile = ownThreadFile()) {
    this.#worker = new Worker(threadFile, {
      resourceLimits: { maxOldGenerationSizeMb: HEAP_MB, maxYoungGenerationSizeMb: YOUNG_MB },
    })
    // An error ends the thread, and the exit event reports it.
    this.#worker.on('error', () => {})
    // An idle thread does not keep the process alive.
    this.#worker.unref()
  }

  /**
   * Transfers the memory of the frame to the thread; the reply returns it.
   * @returns undefined if the thread died or missed the deadline; it must be ended then
   * @throws if `end` was called meanwhile
   */
  async transcode(frame: FrameRequest, deadlineMs: number): Promise<FrameReply | undefined> {
    this.#worker.ref()
    try {
      const reply = await this.#request(frame, deadlineMs)
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

  #request(frame: FrameRequest, deadlineMs: number): Promise<FrameReply | undefined> {
    const worker = this.#worker
    if (worker.threadId < 0) return Promise.resolve(undefined)
    return new Promise((resolve) => {
      const finish = (reply: FrameReply | undefined) => {
        stopDeadline()
        worker.off('message', finish)
        worker.off('exit', died)
        resolve(reply)
      }
      const died = () => finish(undefined)
      const stopDeadline = startDeadline(worker, { deadlineMs, onPassed: died })
      worker.on('message', finish)
      worker.on('exit', died)
      worker.postMessage(frame, [frame.bytes.buffer])
    })
  }
}

/** In dist/ this file and that of the thread are JavaScript; in a clone both are TypeScript, which Node runs directly. */
const ownThreadFile = (): URL =>
  new URL(`./frame-thread.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url)
