/** The inside of a frame thread: one frame at a time, as it lies in a file, becomes what is stored of it. */
import { parentPort, workerData } from 'node:worker_threads'
import { DicomError } from '../../dicom/dicom-error.ts'
import { lazyCodecs } from '../frame/codecs.ts'
import { type FrameToStore, type TranscodedFrame, transcodeFrame } from '../frame/store-frame.ts'
import { CodecError } from '../wasm/codec-module.ts'

export interface FrameThreadOptions {
  /** WebAssembly memory, all codecs together. */
  readonly codecBytesMax: number
}

export type FrameReply =
  | { readonly kind: 'stored'; readonly frame: TranscodedFrame; readonly codecBytes: number }
  | { readonly kind: 'broken'; readonly reason: string }

const PAGE_BYTES = 65_536

const { codecBytesMax } = workerData as FrameThreadOptions
const codecMemory = boundCodecMemory(codecBytesMax)
const codecs = lazyCodecs()

parentPort!.on('message', async (frame: FrameToStore) => {
  try {
    const stored = await transcodeFrame(frame, codecs)
    reply({ kind: 'stored', frame: stored, codecBytes: codecMemory.bytes }, [stored.bytes.buffer])
  } catch (error) {
    // Anything else is a trap, or memory that was refused: the codec cannot be trusted again, and the thread dies of it.
    if (!(error instanceof DicomError || error instanceof CodecError)) throw error
    reply({ kind: 'broken', reason: error.message })
  }
})

function reply(message: FrameReply, transfer: ArrayBuffer[] = []): void {
  parentPort!.postMessage(message, transfer)
}

/** The limits that a thread is started with do not count WebAssembly memory, which only grows: so its growth is counted here. */
function boundCodecMemory(bytesMax: number): { bytes: number } {
  interface Memory {
    grow(pages: number): number
  }
  const { Memory } = (globalThis as unknown as { WebAssembly: { Memory: { prototype: Memory } } }).WebAssembly
  const counted = { bytes: 0 }
  const grow = Memory.prototype.grow
  Memory.prototype.grow = function (this: Memory, pages: number): number {
    if (counted.bytes + pages * PAGE_BYTES > bytesMax)
      throw new RangeError('the codecs ask for more memory than they may have')
    const before = grow.call(this, pages)
    counted.bytes += pages * PAGE_BYTES
    return before
  }
  return counted
}
