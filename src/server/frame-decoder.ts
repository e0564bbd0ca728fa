/**
 * Decodes and renders stored frames for replies, in the frame threads. Decoded frames count against `servedFrameBytes` until they are sent: further ones
 * wait, in the order of the calls.
 */
import type { DecodedFrame, FrameDecoder, RenderedFrame } from '../app.ts'
import { TemporarilyUnavailable } from '../contract/errors.ts'
import type { Limits } from '../limits.ts'
import { frameBytes } from '../pixel-data/element/image-pixel.ts'
import { rasterBytes } from '../pixel-data/rendering/rendering.ts'
import { type FrameThreads, startFrameThreads } from '../pixel-data/threads/frame-threads.ts'

/** Frames of one reply that are decoded ahead of the one that is sent, and the limit on their bytes. */
const FRAMES_AHEAD = 2
const BYTES_AHEAD = 8 * 1024 ** 2

/** Clients do not take the frames that were decoded for them. */
class DecoderBusy extends TemporarilyUnavailable {
  constructor() {
    super(
      'the memory for decoded frames (limits.servedFrameBytes) is taken by replies that clients have not received yet',
    )
  }
}

interface Waiting {
  readonly bytes: number
  start(): void
}

/** @param threads default: its own, which `stop` ends */
export function openFrameDecoder(limits: Limits, threads?: FrameThreads): FrameDecoder & { stop(): Promise<void> } {
  const { servedFrameBytes, servedFrameWaitMs } = limits
  // A large frame needs up to four times its pixels in the codec.
  const frameThreadBytes = Math.min(limits.frameThreadBytes, 4 * servedFrameBytes)
  const pool = threads ?? startFrameThreads({ ...limits, frameMemoryBytes: servedFrameBytes, frameThreadBytes })
  const queue: Waiting[] = []
  let heldBytes = 0

  const fits = (bytes: number) => heldBytes === 0 || heldBytes + bytes <= servedFrameBytes

  function startWaiting(): void {
    while (queue.length > 0 && fits(queue[0]!.bytes)) queue.shift()!.start()
  }

  /** Resolves when the bytes are taken. @throws DecoderBusy */
  function take(bytes: number): Promise<void> {
    if (queue.length === 0 && fits(bytes)) {
      heldBytes += bytes
      return Promise.resolve()
    }
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        bytes,
        start() {
          clearTimeout(timer)
          heldBytes += bytes
          resolve()
        },
      }
      const timer = setTimeout(() => {
        queue.splice(queue.indexOf(waiting), 1)
        reject(new DecoderBusy())
        startWaiting()
      }, servedFrameWaitMs)
      queue.push(waiting)
    })
  }

  function giveBack(bytes: number): void {
    heldBytes -= bytes
    startWaiting()
  }

  return {
    framesAhead: (pixel) => Math.min(FRAMES_AHEAD, Math.floor(BYTES_AHEAD / frameBytes(pixel))),
    async decode(frame): Promise<DecodedFrame> {
      const bytes = frameBytes(frame.pixel)
      await take(bytes)
      try {
        const outcome = await pool.transcode({
          ...{ ...frame, firstBit: 0, littleEndian: true, format: 'native', isFloat: false },
        })
        if (outcome.kind === 'broken') {
          giveBack(bytes)
          return outcome
        }
        const { bytes: cells, photometricInterpretation } = outcome.frame
        return { kind: 'decoded', cells, photometricInterpretation, giveBack: () => giveBack(bytes) }
      } catch (error) {
        giveBack(bytes)
        throw error
      }
    },
    async render(frame): Promise<RenderedFrame> {
      // PNG of noise is a little larger than its samples.
      let bytes = Math.ceil(1.01 * rasterBytes(frame.rendering)) + 1024
      await take(bytes)
      try {
        const outcome = await pool.render({ ...frame, firstBit: 0, littleEndian: true })
        const left = outcome.kind === 'broken' ? 0 : Math.min(bytes, outcome.image.length)
        giveBack(bytes - left)
        bytes = left
        return outcome.kind === 'broken' ? outcome : { ...outcome, giveBack: () => giveBack(left) }
      } catch (error) {
        giveBack(bytes)
        throw error
      }
    },
    async stop() {
      if (threads === undefined) await pool.stop()
    },
  }
}
