/**
 * The threads in which frames are decoded and encoded. A codec that traps, asks for too much memory or does not come to an end takes
 * its thread with it, and nothing else: the frame's outcome says so, and a new thread takes the next frame.
 *
 * Frames wait in one line, unread. As many are read as fit into the memory that all of them may take together; one that needs more than
 * that goes alone.
 */
import { availableParallelism } from 'node:os'
import type { FrameToStore, TranscodedFrame } from '../frame/store-frame.ts'
import { FrameThread } from './codec-worker.ts'
import { faultOfSize, memoryOf } from './frame-memory.ts'
import { SpareBuffers } from './spare-buffers.ts'

export interface FrameThreadLimits {
  readonly frameThreads: number
  readonly frameDeadlineMs: number
  readonly frameDeadlineMsPerMiB: number
  readonly frameMemoryBytes: number
  readonly frameThreadBytes: number
  readonly frameThreadIdleMs: number
}

type FrameOutcome =
  | { readonly kind: 'stored'; readonly frame: TranscodedFrame }
  /** The frame is broken, or its codec failed, was too slow or too greedy; the reason has nothing of the frame in it. */
  | { readonly kind: 'broken'; readonly reason: string }

/** A frame that is read when its turn comes: what waits takes no memory. */
export interface WaitingFrame extends Omit<FrameToStore, 'bytes'> {
  readonly sizeBytes: number
  /** @param memory as long as the frame, to be filled with it */
  read(memory: Uint8Array): Promise<void>
}

export interface FrameThreads {
  readonly size: number
  /** Pixels of one instance that may be on their way at once, beside one frame. */
  readonly pixelBytesAhead: number
  /** Rejects after `stop`, and with what reading the frame throws. Frames get their turns in the order they came. */
  transcode(frame: WaitingFrame): Promise<FrameOutcome>
  stop(): Promise<void>
}

/** A frame that lies in memory, which stays the caller's. */
export const frameInMemory = ({ bytes, ...frame }: FrameToStore): WaitingFrame => ({
  ...frame,
  sizeBytes: bytes.length,
  read: async (memory) => memory.set(bytes),
})

/** What a thread takes that does nothing. */
const THREAD_BYTES = 16 * 1024 ** 2
const KEPT_BUFFERS_BYTES = 16 * 1024 ** 2
const MIB = 1024 ** 2

interface Task {
  readonly frame: WaitingFrame
  /** Of the memory that all frames share. */
  readonly sharedBytes: number
  readonly codecBytesMax: number
  readonly deadlineMs: number
  /** Undefined until it is read. */
  bytes?: Uint8Array<ArrayBuffer>
  resolve(outcome: FrameOutcome): void
  reject(error: Error): void
}

export function startFrameThreads(limits: FrameThreadLimits, threadFile?: URL): FrameThreads {
  return new ThreadsInLine(limits, threadFile)
}

class ThreadsInLine implements FrameThreads {
  readonly size: number
  readonly pixelBytesAhead: number
  readonly #limits: FrameThreadLimits
  readonly #threadFile: URL | undefined
  /** A thread whose codecs have grown so far is replaced: WebAssembly memory never shrinks. */
  readonly #keptCodecBytes: number
  readonly #buffers = new SpareBuffers({ keptBytesMax: KEPT_BUFFERS_BYTES })
  readonly #waiting: Task[] = []
  readonly #read: Task[] = []
  readonly #idle: FrameThread[] = []
  readonly #threads = new Set<FrameThread>()
  /** Of the tasks that are being read, are read, or are in a thread. */
  #sharedBytes = 0
  #taken = 0
  #stopped = false
  #idleTimer: NodeJS.Timeout | undefined

  constructor(limits: FrameThreadLimits, threadFile: URL | undefined) {
    const { frameThreads, frameMemoryBytes } = limits
    this.size = Math.max(1, Math.min(frameThreads, availableParallelism(), Math.floor(frameMemoryBytes / THREAD_BYTES)))
    this.pixelBytesAhead = frameMemoryBytes / 8
    this.#keptCodecBytes = frameMemoryBytes / (2 * this.size)
    this.#limits = limits
    this.#threadFile = threadFile
  }

  transcode(frame: WaitingFrame): Promise<FrameOutcome> {
    if (this.#stopped) return Promise.reject(stoppedError())
    const { frameMemoryBytes, frameThreadBytes, frameDeadlineMs, frameDeadlineMsPerMiB } = this.#limits
    const { most, outsideCodecs } = memoryOf(frame)
    const fault = faultOfSize(frame) ?? (outsideCodecs > frameThreadBytes ? TOO_LARGE : undefined)
    if (fault !== undefined) return Promise.resolve({ kind: 'broken', reason: fault })
    const { rows, columns, samplesPerPixel, bitsAllocated } = frame.pixel
    const pixelMiB = (rows * columns * samplesPerPixel * bitsAllocated) / 8 / MIB
    return new Promise((resolve, reject) => {
      this.#waiting.push({
        frame,
        sharedBytes: Math.min(most, frameMemoryBytes),
        codecBytesMax: frameThreadBytes - outsideCodecs,
        deadlineMs: frameDeadlineMs + frameDeadlineMsPerMiB * pixelMiB,
        resolve,
        reject,
      })
      this.#takeWaiting()
    })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#idleTimer)
    for (const task of [...this.#waiting.splice(0), ...this.#read.splice(0)]) task.reject(stoppedError())
    await Promise.all([...this.#threads].map((thread) => thread.end()))
    this.#buffers.empty()
  }

  /** Reads as many as there is memory for, one for each thread ahead of those in the threads. */
  #takeWaiting(): void {
    clearTimeout(this.#idleTimer)
    while (this.#waiting.length > 0 && this.#taken < 2 * this.size) {
      const { sharedBytes } = this.#waiting[0]!
      if (this.#taken > 0 && this.#sharedBytes + sharedBytes > this.#limits.frameMemoryBytes) return
      const task = this.#waiting.shift()!
      this.#taken += 1
      this.#sharedBytes += sharedBytes
      // What waiting threads keep of earlier frames would stand beside a frame that goes alone.
      if (sharedBytes === this.#limits.frameMemoryBytes) this.#endIdle()
      void this.#readFrame(task)
    }
  }

  async #readFrame(task: Task): Promise<void> {
    const bytes = this.#buffers.lend(task.frame.sizeBytes)
    try {
      await task.frame.read(bytes)
      if (this.#stopped) throw stoppedError()
      task.bytes = bytes
      this.#read.push(task)
      this.#runRead()
    } catch (error) {
      this.#buffers.giveBack(bytes)
      this.#finish(task)
      task.reject(error as Error)
    }
  }

  #runRead(): void {
    while (this.#read.length > 0) {
      const thread = this.#idle.pop() ?? (this.#threads.size < this.size ? this.#open() : undefined)
      // Whichever is free next looks here again.
      if (thread === undefined) return
      void this.#run(thread, this.#read.shift()!)
    }
  }

  async #run(thread: FrameThread, task: Task): Promise<void> {
    const { read: _, sizeBytes, ...frame } = task.frame
    const bytes = task.bytes!
    try {
      const reply = await thread.ask({ ...frame, bytes, codecBytesMax: task.codecBytesMax }, task.deadlineMs)
      const isFit = reply !== undefined && reply.kind !== 'refused' && reply.codecBytes <= this.#keptCodecBytes
      if (reply !== undefined && reply.kind !== 'refused') this.#buffers.giveBack(new Uint8Array(reply.spent))
      if (isFit && !this.#stopped) this.#idle.push(thread)
      else await this.#end(thread)
      // Only now: whoever hears of it may find all memory of the frame free.
      this.#finish(task)
      if (reply?.kind === 'stored') task.resolve({ kind: 'stored', frame: reply.frame })
      else task.resolve({ kind: 'broken', reason: reply === undefined ? FAILED : reasonOf(reply) })
    } catch (error) {
      await this.#end(thread)
      this.#finish(task)
      task.reject(error as Error)
    }
    this.#runRead()
  }

  #finish({ sharedBytes }: Task): void {
    this.#taken -= 1
    this.#sharedBytes -= sharedBytes
    if (this.#stopped) return
    this.#takeWaiting()
    if (this.#taken > 0) return
    this.#idleTimer = setTimeout(() => {
      this.#endIdle()
      this.#buffers.empty()
    }, this.#limits.frameThreadIdleMs).unref()
  }

  #open(): FrameThread {
    const thread = new FrameThread(this.#threadFile)
    this.#threads.add(thread)
    return thread
  }

  #endIdle(): void {
    for (const thread of this.#idle.splice(0)) void this.#end(thread).then(() => this.#runRead())
  }

  async #end(thread: FrameThread): Promise<void> {
    await thread.end()
    this.#threads.delete(thread)
  }
}

const FAILED = 'The codec failed, or did not come to an end in time'
const TOO_LARGE = 'it needs more memory than a frame may take on this server (limits.frameThreadBytes)'

const reasonOf = (reply: { readonly kind: 'broken'; readonly reason: string } | { readonly kind: string }): string =>
  'reason' in reply ? reply.reason : TOO_LARGE

const stoppedError = () => new Error('the frame threads have stopped')
