/** The threads that decode frames: as many as the machine has cores for, started when frames come, each with one frame at a time. */

import type { DecodedFrame } from '../pixels/render.ts'
import { DECODE_MS_MAX, DECODERS_MAX } from '../stack/limits.ts'
import type { FrameToDecode } from './decode.ts'
import type { DecodeAnswer } from './decode-worker.ts'

export class DecodeError extends Error {
  override readonly name = 'DecodeError'
}

interface Job {
  readonly frame: FrameToDecode
  resolve(decoded: DecodedFrame): void
  reject(error: Error): void
}

const THREADS_MAX = Math.max(1, Math.min(DECODERS_MAX, navigator.hardwareConcurrency || 1))

const idle: Worker[] = []
const waiting: Job[] = []
let started = 0

/** Before the first frame is there: a codec is on its way as early as the frame. */
export function warmUp(): void {
  if (started === 0) idle.push(start())
}

/** @throws DecodeError with what a person is told */
export function decode(frame: FrameToDecode): Promise<DecodedFrame> {
  return new Promise((resolve, reject) => {
    waiting.push({ frame, resolve, reject })
    next()
  })
}

function start(): Worker {
  started += 1
  return new Worker(new URL('./decode-worker.ts', import.meta.url), { type: 'module' })
}

function next(): void {
  if (waiting.length === 0) return
  const thread = idle.pop() ?? (started < THREADS_MAX ? start() : undefined)
  if (thread !== undefined) run(thread, waiting.shift()!)
}

function run(thread: Worker, job: Job): void {
  const deadline = setTimeout(() => lose('It took too long to decode.'), DECODE_MS_MAX)
  const end = () => {
    clearTimeout(deadline)
    thread.onmessage = thread.onerror = null
  }
  const lose = (reason: string) => {
    end()
    thread.terminate()
    started -= 1
    job.reject(new DecodeError(reason))
    next()
  }
  thread.onmessage = ({ data: answer }: MessageEvent<DecodeAnswer>) => {
    if (answer.kind === 'failed' && answer.isUnfit) return lose(answer.reason)
    end()
    idle.push(thread)
    if (answer.kind === 'decoded') job.resolve(answer.decoded)
    else job.reject(new DecodeError(answer.reason))
    next()
  }
  thread.onerror = (event) => {
    event.preventDefault()
    lose('The decoder could not be started.')
  }
  thread.postMessage(job.frame, [job.frame.bytes.buffer])
}
