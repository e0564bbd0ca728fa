/** The inside of a frame thread: one frame at a time, as it lies in a file, becomes what is stored of it. */
import { parentPort } from 'node:worker_threads'
import { DicomError } from '../../dicom/dicom-error.ts'
import { lazyCodecs } from '../frame/codecs.ts'
import { type FrameToStore, type TranscodedFrame, transcodeFrame } from '../frame/store-frame.ts'
import { CodecError } from '../wasm/codec-module.ts'

export interface FrameRequest extends FrameToStore {
  /** WebAssembly memory that all codecs together may have grown to when the frame is done. */
  readonly codecBytesMax: number
}

interface Spent {
  /** The memory that the frame came in, to be used again. */
  readonly spent: ArrayBuffer
  /** Of codecs that have grown; those that have not are small. */
  readonly codecBytes: number
}

export type FrameReply =
  | ({ readonly kind: 'stored'; readonly frame: TranscodedFrame } & Spent)
  | ({ readonly kind: 'broken'; readonly reason: string } & Spent)
  /** The codec asked for more than it may have, and cannot be used again. */
  | { readonly kind: 'refused' }

const PAGE_BYTES = 65_536

const codecMemory = boundCodecMemory()
const codecs = lazyCodecs()

parentPort!.on('message', async (frame: FrameRequest) => {
  codecMemory.bytesMax = frame.codecBytesMax
  codecMemory.isRefused = false
  const spent = frame.bytes.buffer as ArrayBuffer
  try {
    const stored = await transcodeFrame(frame, codecs)
    const { bytes: codecBytes } = codecMemory
    reply({ kind: 'stored', frame: stored, spent, codecBytes }, [stored.bytes.buffer, spent])
  } catch (error) {
    if (codecMemory.isRefused) reply({ kind: 'refused' })
    else if (error instanceof DicomError || error instanceof CodecError) {
      reply({ kind: 'broken', reason: error.message, spent, codecBytes: codecMemory.bytes }, [spent])
    }
    // Anything else is a trap: the codec cannot be trusted again, and the thread dies of it.
    else throw error
  }
})

function reply(message: FrameReply, transfer: ArrayBuffer[] = []): void {
  parentPort!.postMessage(message, transfer)
}

interface CodecMemory {
  bytesMax: number
  bytes: number
  /** The last time that a codec asked: it asks for less when it is refused. */
  isRefused: boolean
}

/** The limits that a thread is started with do not count WebAssembly memory, which only grows: so its growth is counted here. */
function boundCodecMemory(): CodecMemory {
  interface Memory {
    readonly buffer: ArrayBuffer
    grow(pages: number): number
  }
  const { Memory } = (globalThis as unknown as { WebAssembly: { Memory: { prototype: Memory } } }).WebAssembly
  const counted: CodecMemory = { bytesMax: 0, bytes: 0, isRefused: false }
  const grown = new Set<Memory>()
  const grow = Memory.prototype.grow
  Memory.prototype.grow = function (this: Memory, pages: number): number {
    // A codec begins with memory that it mostly never touches: it counts once there is not enough of it.
    const before = counted.bytes + (grown.has(this) ? 0 : this.buffer.byteLength)
    if (before + pages * PAGE_BYTES > counted.bytesMax) {
      counted.isRefused = true
      throw new RangeError('the codecs ask for more memory than they may have')
    }
    const pagesBefore = grow.call(this, pages)
    counted.isRefused = false
    grown.add(this)
    counted.bytes = before + pages * PAGE_BYTES
    return pagesBefore
  }
  return counted
}
