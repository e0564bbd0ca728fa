/** A pool of workers that decode frames, up to one per core. */
import type { DecodedFrame } from '../pixels/render.ts'
import { DECODE_MS_MAX, DECODERS_MAX } from '../stack/limits.ts'
import type { FrameToDecode } from './decode.ts'
import type { DecodeResult } from './decode-worker.ts'

export class DecodeError extends Error {
  override readonly name = 'DecodeError'
}

interface Job {
  readonly frame: FrameToDecode
  resolve(decoded: DecodedFrame): void
  reject(error: Error): void
}

const WORKERS_MAX = Math.max(1, Math.min(DECODERS_MAX, navigator.hardwareConcurrency || 1))

const idle: Worker[] = []
const queue: Job[] = []
let workerCount = 0

/** Starts a worker, and thereby loads a codec, before the first frame arrives. */
export function startDecoder(): void {
  if (workerCount === 0) idle.push(startWorker())
}

/** @throws DecodeError with a message for the person */
export function decode(frame: FrameToDecode): Promise<DecodedFrame> {
  return new Promise((resolve, reject) => {
    queue.push({ frame, resolve, reject })
    runNext()
  })
}

function startWorker(): Worker {
  workerCount += 1
  return new Worker(new URL('./decode-worker.ts', import.meta.url), { type: 'module' })
}

function runNext(): void {
  if (queue.length === 0) return
  const worker = idle.pop() ?? (workerCount < WORKERS_MAX ? startWorker() : undefined)
  if (worker !== undefined) run(worker, queue.shift()!)
}

function run(worker: Worker, job: Job): void {
  const deadline = setTimeout(() => abandon('Decoding the frame timed out.'), DECODE_MS_MAX)
  const end = () => {
    clearTimeout(deadline)
    worker.onmessage = worker.onerror = null
  }
  const abandon = (reason: string) => {
    end()
    worker.terminate()
    workerCount -= 1
    job.reject(new DecodeError(reason))
    runNext()
  }
  worker.onmessage = ({ data: result }: MessageEvent<DecodeResult>) => {
    if (result.kind === 'failed' && result.isFatal) return abandon(result.reason)
    end()
    idle.push(worker)
    if (result.kind === 'decoded') job.resolve(result.decoded)
    else job.reject(new DecodeError(result.reason))
    runNext()
  }
  worker.onerror = (event) => {
    event.preventDefault()
    abandon("Can't start the decoder.")
  }
  worker.postMessage(job.frame, [job.frame.bytes.buffer])
}
