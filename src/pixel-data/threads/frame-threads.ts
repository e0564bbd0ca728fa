/**
 * The threads in which frames are decoded and encoded. A codec that traps, asks for too much memory or does not come to an end takes
 * its thread with it, and nothing else: the frame's outcome says so, and a new thread takes the next frame.
 */
import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { FrameToStore, TranscodedFrame } from '../frame/store-frame.ts'
import type { FrameReply, FrameThreadOptions } from './frame-thread.ts'
import { deadlineOf } from './processor-deadline.ts'

export interface FrameThreadLimits {
  readonly frameThreads: number
  readonly frameDeadlineMs: number
  readonly frameDeadlineMsPerMiB: number
  readonly frameThreadBytes: number
}

type FrameOutcome =
  | { readonly kind: 'stored'; readonly frame: TranscodedFrame }
  /** The frame is broken, or its codec failed, was too slow or too greedy; the reason has nothing of the frame in it. */
  | { readonly kind: 'broken'; readonly reason: string }

export interface FrameThreads {
  readonly size: number
  /**
   * Never rejects but after `stop`. Frames wait for a thread in the order they came.
   * @param frame its bytes are copied before this returns
   */
  transcode(frame: FrameToStore): Promise<FrameOutcome>
  stop(): Promise<void>
}

/** A thread whose codecs have grown so far is replaced when it is idle: WebAssembly memory never shrinks. */
const KEPT_CODEC_BYTES = 256 * 1024 ** 2
const MIB = 1024 ** 2

interface Task {
  readonly frame: FrameToStore
  readonly deadlineMs: number
  resolve(outcome: FrameOutcome): void
  reject(error: Error): void
}

export function startFrameThreads(limits: FrameThreadLimits, threadFile = ownThreadFile()): FrameThreads {
  const size = Math.min(limits.frameThreads, availableParallelism())
  const waiting: Task[] = []
  const idle: FrameThread[] = []
  const threads = new Set<FrameThread>()
  let stopped = false

  function next(): void {
    while (waiting.length > 0) {
      const thread = idle.pop() ?? (threads.size < size ? open() : undefined)
      if (thread === undefined) return
      const task = waiting.shift()!
      thread.run(task).then((isFit) => {
        if (isFit && !stopped) idle.push(thread)
        else threads.delete(thread)
        next()
      })
    }
  }

  function open(): FrameThread {
    const thread = new FrameThread(threadFile, limits)
    threads.add(thread)
    return thread
  }

  return {
    size,
    transcode(frame) {
      if (stopped) return Promise.reject(stoppedError())
      const { rows, columns, samplesPerPixel, bitsAllocated } = frame.pixel
      const pixelMiB = (rows * columns * samplesPerPixel * bitsAllocated) / 8 / MIB
      const deadlineMs = limits.frameDeadlineMs + limits.frameDeadlineMsPerMiB * pixelMiB
      return new Promise((resolve, reject) => {
        // A view would be copied with all of the buffer beneath it.
        waiting.push({ frame: { ...frame, bytes: new Uint8Array(frame.bytes) }, deadlineMs, resolve, reject })
        next()
      })
    },
    async stop() {
      stopped = true
      for (const task of waiting.splice(0)) task.reject(stoppedError())
      await Promise.all([...threads].map((thread) => thread.end()))
    },
  }
}

const stoppedError = () => new Error('the frame threads have stopped')

/** In dist/ this file and the thread's are JavaScript; in the clone both are TypeScript, which Node runs as it is. */
const ownThreadFile = (): URL =>
  new URL(`./frame-thread.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url)

class FrameThread {
  readonly #worker: Worker
  #isEnded = false

  constructor(threadFile: URL, { frameThreadBytes }: FrameThreadLimits) {
    const workerData: FrameThreadOptions = { codecBytesMax: frameThreadBytes }
    const resourceLimits = { maxOldGenerationSizeMb: Math.ceil(frameThreadBytes / MIB) }
    this.#worker = new Worker(threadFile, { workerData, resourceLimits })
    // What a thread throws that is being ended, or that nobody waits for, is told by its exit.
    this.#worker.on('error', () => {})
    // Idle threads do not keep the process; one at work is waited for by whoever asked.
    this.#worker.unref()
  }

  /** @returns whether the thread can take another frame */
  async run({ frame, deadlineMs, resolve, reject }: Task): Promise<boolean> {
    this.#worker.ref()
    try {
      const reply = await this.#ask(frame, deadlineMs)
      if (this.#isEnded) throw stoppedError()
      return await this.#settle(reply, resolve)
    } catch (error) {
      reject(error as Error)
      await this.end()
      return false
    } finally {
      this.#worker.unref()
    }
  }

  async end(): Promise<void> {
    this.#isEnded = true
    await this.#worker.terminate()
  }

  async #settle(reply: FrameReply | undefined, resolve: Task['resolve']): Promise<boolean> {
    const isFit = reply !== undefined && (reply.kind === 'broken' || reply.codecBytes <= KEPT_CODEC_BYTES)
    if (!isFit) await this.end()
    if (reply?.kind === 'stored') resolve({ kind: 'stored', frame: reply.frame })
    else resolve({ kind: 'broken', reason: reply?.reason ?? 'The codec failed, or did not come to an end in time' })
    return isFit
  }

  /** Undefined where the thread died, or has not replied by the deadline. */
  #ask(frame: FrameToStore, deadlineMs: number): Promise<FrameReply | undefined> {
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
