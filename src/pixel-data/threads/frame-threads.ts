/**
 * A pool of threads that decode, encode and render frames. A codec that traps, exceeds its memory or its deadline ends its thread and nothing else:
 * the frame is broken, and the next frame gets a new thread.
 *
 * Frames wait in one queue and are not read while they wait. Those being read and transcoded share `frameMemoryBytes`; a frame that needs
 * more is transcoded alone.
 */
import { availableParallelism } from 'node:os'
import type { FrameToStore, TranscodedFrame } from '../frame/store-frame.ts'
import type { FrameToRender } from '../rendering/render-frame.ts'
import { rasterBytes } from '../rendering/rendering.ts'
import { BufferPool } from './buffer-pool.ts'
import { faultOfSize, memoryOf } from './frame-memory.ts'
import type { FrameReply } from './frame-thread.ts'
import { FrameWorker } from './frame-worker.ts'

export interface FrameThreadLimits {
  readonly frameThreads: number
  readonly frameDeadlineMs: number
  readonly frameDeadlineMsPerMiB: number
  readonly frameMemoryBytes: number
  readonly frameThreadBytes: number
  readonly frameThreadIdleMs: number
}

/** The frame is broken, or its codec failed or exceeded a limit. The reason contains no data of the frame. */
interface BrokenFrame {
  readonly kind: 'broken'
  readonly reason: string
}

type TranscodeOutcome = { readonly kind: 'stored'; readonly frame: TranscodedFrame } | BrokenFrame
type RenderOutcome = { readonly kind: 'rendered'; readonly image: Uint8Array } | BrokenFrame
type FrameOutcome = TranscodeOutcome | RenderOutcome

/** A frame is read only when it leaves the queue. */
interface Readable {
  readonly sizeBytes: number
  /** Fills the memory, which is as long as the frame. */
  read(memory: Uint8Array): Promise<void>
}

export type WaitingFrame = Omit<FrameToStore, 'bytes'> & Readable
export type WaitingRendering = Omit<FrameToRender, 'bytes'> & Readable

export interface FrameThreads {
  readonly size: number
  /** How many bytes of pixels of one instance may be submitted before the first is done. */
  readonly pixelBytesAhead: number
  /**
   * Frames start in the order of the calls. The bytes of the outcome are lent: `giveBack` lends them again, and is optional. Rejects after
   * `stop`, and with the error of reading the frame.
   */
  transcode(frame: WaitingFrame): Promise<TranscodeOutcome>
  /** As `transcode`. */
  render(frame: WaitingRendering): Promise<RenderOutcome>
  /** Not to be used afterwards. @param bytes of a transcoded frame, or other memory that nothing else uses */
  giveBack(bytes: Uint8Array<ArrayBuffer>): void
  stop(): Promise<void>
}

/** A frame in memory. The memory is copied, not transferred. */
export const frameInMemory = ({ bytes, ...frame }: FrameToStore): WaitingFrame => ({
  ...frame,
  sizeBytes: bytes.length,
  read: async (memory) => memory.set(bytes),
})

/** Of an idle thread. */
const THREAD_BYTES = 16 * 1024 ** 2
const KEPT_BUFFERS_BYTES = 16 * 1024 ** 2
const LARGEST_SHARE_COPIED = 3 / 4
const MIB = 1024 ** 2

type StoredReply = Extract<FrameReply, { readonly kind: 'stored' }>

interface Task {
  readonly frame: WaitingFrame | WaitingRendering
  /** Its part of `frameMemoryBytes`. */
  readonly sharedBytes: number
  readonly codecBytesMax: number
  readonly deadlineMs: number
  /** Undefined until it is read. */
  bytes?: Uint8Array<ArrayBuffer>
  resolve(outcome: FrameOutcome): void
  reject(error: Error): void
}

export function startFrameThreads(limits: FrameThreadLimits, threadFile?: URL): FrameThreads {
  return new FrameThreadPool(limits, threadFile)
}

class FrameThreadPool implements FrameThreads {
  readonly size: number
  readonly pixelBytesAhead: number
  readonly #limits: FrameThreadLimits
  readonly #threadFile: URL | undefined
  /** A thread whose codecs have grown further is replaced, because WebAssembly memory never shrinks. */
  readonly #keptCodecBytes: number
  readonly #buffers = new BufferPool({ keptBytesMax: KEPT_BUFFERS_BYTES })
  readonly #queue: Task[] = []
  /** Tasks that are read and wait for a thread. */
  readonly #ready: Task[] = []
  readonly #idle: FrameWorker[] = []
  readonly #threads = new Set<FrameWorker>()
  /** Of the started tasks: being read, ready, or in a thread. */
  #sharedBytes = 0
  #started = 0
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

  transcode(frame: WaitingFrame): Promise<TranscodeOutcome> {
    return this.#enqueue(frame) as Promise<TranscodeOutcome>
  }

  render(frame: WaitingRendering): Promise<RenderOutcome> {
    return this.#enqueue(frame) as Promise<RenderOutcome>
  }

  #enqueue(frame: WaitingFrame | WaitingRendering): Promise<FrameOutcome> {
    if (this.#stopped) return Promise.reject(stoppedError())
    const { frameMemoryBytes, frameThreadBytes, frameDeadlineMs, frameDeadlineMsPerMiB } = this.#limits
    const imageBytes = 'rendering' in frame ? rasterBytes(frame.rendering) : 0
    const format = 'rendering' in frame ? 'native' : frame.format
    const { maxBytes, outsideCodecBytes } = memoryOf({ ...frame, format, imageBytes })
    const fault = faultOfSize(frame) ?? (outsideCodecBytes > frameThreadBytes ? TOO_LARGE : undefined)
    if (fault !== undefined) return Promise.resolve({ kind: 'broken', reason: fault })
    const { rows, columns, samplesPerPixel, bitsAllocated } = frame.pixel
    const pixelMiB = ((rows * columns * samplesPerPixel * bitsAllocated) / 8 + imageBytes) / MIB
    return new Promise((resolve, reject) => {
      this.#queue.push({
        frame,
        sharedBytes: Math.min(maxBytes, frameMemoryBytes),
        codecBytesMax: frameThreadBytes - outsideCodecBytes,
        deadlineMs: frameDeadlineMs + frameDeadlineMsPerMiB * pixelMiB,
        resolve,
        reject,
      })
      this.#startQueued()
    })
  }

  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#idleTimer)
    for (const task of [...this.#queue.splice(0), ...this.#ready.splice(0)]) task.reject(stoppedError())
    await Promise.all([...this.#threads].map((thread) => thread.end()))
    this.#buffers.empty()
  }

  /** Starts as many as memory allows, at most two for each thread: one in the thread and one ready. */
  #startQueued(): void {
    clearTimeout(this.#idleTimer)
    while (this.#queue.length > 0 && this.#started < 2 * this.size) {
      const { sharedBytes } = this.#queue[0]!
      if (this.#started > 0 && this.#sharedBytes + sharedBytes > this.#limits.frameMemoryBytes) return
      const task = this.#queue.shift()!
      this.#started += 1
      this.#sharedBytes += sharedBytes
      // A frame that takes all memory leaves none for what the codecs of idle threads keep.
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
      this.#ready.push(task)
      this.#runReady()
    } catch (error) {
      this.#buffers.giveBack(bytes)
      this.#finish(task)
      task.reject(error as Error)
    }
  }

  #runReady(): void {
    while (this.#ready.length > 0) {
      const thread = this.#idle.pop() ?? (this.#threads.size < this.size ? this.#open() : undefined)
      // The next thread that is done calls this again.
      if (thread === undefined) return
      void this.#run(thread, this.#ready.shift()!)
    }
  }

  giveBack(bytes: Uint8Array<ArrayBuffer>): void {
    this.#buffers.giveBack(bytes)
  }

  async #run(thread: FrameWorker, task: Task): Promise<void> {
    const { read: _, sizeBytes, ...frame } = task.frame
    const bytes = task.bytes!
    try {
      const reply = await thread.transcode({ ...frame, bytes, codecBytesMax: task.codecBytesMax }, task.deadlineMs)
      const hasMemory = reply !== undefined && reply.kind !== 'out-of-memory'
      const isReusable = hasMemory && reply.codecBytes <= this.#keptCodecBytes
      const stored = reply?.kind === 'stored' ? this.#takeStored(reply) : undefined
      if (hasMemory && stored?.bytes.buffer !== reply.returned) this.giveBack(new Uint8Array(reply.returned))
      if (isReusable && !this.#stopped) this.#idle.push(thread)
      else await this.#end(thread)
      // Not earlier: the memory of the frame is free only now.
      this.#finish(task)
      if (stored !== undefined) task.resolve({ kind: 'stored', frame: stored })
      else if (reply?.kind === 'rendered') task.resolve({ kind: 'rendered', image: reply.image })
      else task.resolve({ kind: 'broken', reason: reply === undefined ? FAILED : reasonOf(reply) })
    } catch (error) {
      await this.#end(thread)
      this.#finish(task)
      task.reject(error as Error)
    }
    this.#runReady()
  }

  /** Frames are copied out of the memory that they came in, which is mostly larger and needed for the next frame. */
  #takeStored({ frame, returned }: StoredReply): TranscodedFrame {
    const { bytes } = frame
    const isMostOfIt = bytes.length > returned.byteLength * LARGEST_SHARE_COPIED
    if (bytes.buffer !== returned || isMostOfIt) return frame
    const copy = this.#buffers.lend(bytes.length)
    copy.set(bytes)
    return { ...frame, bytes: copy }
  }

  #finish({ sharedBytes }: Task): void {
    this.#started -= 1
    this.#sharedBytes -= sharedBytes
    if (this.#stopped) return
    this.#startQueued()
    if (this.#started > 0) return
    this.#idleTimer = setTimeout(() => {
      this.#endIdle()
      this.#buffers.empty()
    }, this.#limits.frameThreadIdleMs).unref()
  }

  #open(): FrameWorker {
    const thread = new FrameWorker(this.#threadFile)
    this.#threads.add(thread)
    return thread
  }

  #endIdle(): void {
    for (const thread of this.#idle.splice(0)) void this.#end(thread).then(() => this.#runReady())
  }

  async #end(thread: FrameWorker): Promise<void> {
    await thread.end()
    this.#threads.delete(thread)
  }
}

const FAILED = 'The codec failed, or did not finish in time'
const TOO_LARGE = 'it needs more memory than a frame may take on this server (limits.frameThreadBytes)'

const reasonOf = (reply: { readonly kind: 'broken'; readonly reason: string } | { readonly kind: string }): string =>
  'reason' in reply ? reply.reason : TOO_LARGE

const stoppedError = () => new Error('the frame threads have stopped')
