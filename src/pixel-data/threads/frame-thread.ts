/** The script of a frame thread: decodes, encodes and renders one frame at a time, within a limit on the memory of its codecs. */
import { parentPort } from 'node:worker_threads'
import { DicomError } from '../../dicom/dicom-error.ts'
import { lazyCodecs } from '../frame/codecs.ts'
import { type OverwritableFrame, type TranscodedFrame, transcodeFrame } from '../frame/store-frame.ts'
import { type FrameToRender, renderFrame } from '../rendering/render-frame.ts'
import { CodecError } from '../wasm/codec-module.ts'

export type FrameRequest = (OverwritableFrame | FrameToRender) & {
  readonly bytes: Uint8Array<ArrayBuffer>
  /** The limit of the WebAssembly memory of all codecs together. */
  readonly codecBytesMax: number
}

interface UsedMemory {
  /** The memory that the frame was sent in, returned to be reused. What is stored of the frame may be in it. */
  readonly returned: ArrayBuffer
  /** The memory of codecs that have grown; the others are small. */
  readonly codecBytes: number
}

export type FrameReply =
  | ({ readonly kind: 'stored'; readonly frame: TranscodedFrame } & UsedMemory)
  | ({ readonly kind: 'rendered'; readonly image: Uint8Array<ArrayBuffer> } & UsedMemory)
  | ({ readonly kind: 'broken'; readonly reason: string } & UsedMemory)
  /** A codec exceeded its memory limit, and cannot be used again. */
  | { readonly kind: 'out-of-memory' }

const PAGE_BYTES = 65_536

const codecMemory = limitCodecMemory()
const codecs = lazyCodecs()

parentPort!.on('message', async (frame: FrameRequest) => {
  codecMemory.bytesMax = frame.codecBytesMax
  codecMemory.isExceeded = false
  const returned = frame.bytes.buffer
  try {
    if ('rendering' in frame) {
      const image = await renderFrame(frame, codecs)
      reply({ kind: 'rendered', image, returned, codecBytes: codecMemory.bytes }, [image.buffer, returned])
    } else {
      const stored = await transcodeFrame(frame, codecs)
      const { bytes: codecBytes } = codecMemory
      const { buffer } = stored.bytes
      const transfer = buffer === returned ? [returned] : [buffer, returned]
      reply({ kind: 'stored', frame: stored, returned, codecBytes }, transfer)
    }
  } catch (error) {
    if (codecMemory.isExceeded) reply({ kind: 'out-of-memory' })
    else if (error instanceof DicomError || error instanceof CodecError) {
      reply({ kind: 'broken', reason: error.message, returned, codecBytes: codecMemory.bytes }, [returned])
    }
    // Any other error is a trap: the codec cannot be used again, and the error ends the thread.
    else throw error
  }
})

function reply(message: FrameReply, transfer: ArrayBuffer[] = []): void {
  parentPort!.postMessage(message, transfer)
}

interface CodecMemory {
  bytesMax: number
  bytes: number
  /** Of the last growth: a codec that was refused tries a smaller one. */
  isExceeded: boolean
}

/** The resource limits of a worker thread do not include WebAssembly memory, which only grows: its growth is counted and limited here. */
function limitCodecMemory(): CodecMemory {
  interface Memory {
    readonly buffer: ArrayBuffer
    grow(pages: number): number
  }
  const { Memory } = (globalThis as unknown as { WebAssembly: { Memory: { prototype: Memory } } }).WebAssembly
  const counted: CodecMemory = { bytesMax: 0, bytes: 0, isExceeded: false }
  const grown = new Set<Memory>()
  const grow = Memory.prototype.grow
  Memory.prototype.grow = function (this: Memory, pages: number): number {
    // Most of the initial memory of a codec is never touched: it counts from its first growth.
    const before = counted.bytes + (grown.has(this) ? 0 : this.buffer.byteLength)
    if (before + pages * PAGE_BYTES > counted.bytesMax) {
      counted.isExceeded = true
      throw new RangeError('the codecs exceed their memory limit')
    }
    const pagesBefore = grow.call(this, pages)
    counted.isExceeded = false
    grown.add(this)
    counted.bytes = before + pages * PAGE_BYTES
    return pagesBefore
  }
  return counted
}
