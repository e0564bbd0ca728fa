/** A worker that decodes one frame at a time, so that the page stays responsive. */
import type { DecodedFrame } from '../pixels/render.ts'
import { openHTJ2K } from './codecs.ts'
import { decodeFrame, type FrameToDecode, UndecodableError } from './decode.ts'

export type DecodeResult =
  | { readonly kind: 'decoded'; readonly decoded: DecodedFrame }
  /** `isFatal`: the codec can't be used any more. */
  | { readonly kind: 'failed'; readonly reason: string; readonly isFatal: boolean }

const thread = globalThis as unknown as {
  onmessage: (event: { data: FrameToDecode }) => void
  postMessage(result: DecodeResult, transfer?: Transferable[]): void
}

// Loads the most common codec while the first frame is fetched. A failure is reported by the frame that needs the codec.
openHTJ2K().catch(() => {})

thread.onmessage = async ({ data: frame }) => {
  try {
    const decoded = await decodeFrame(frame)
    thread.postMessage({ kind: 'decoded', decoded }, [decoded.samples.buffer as ArrayBuffer])
  } catch (error) {
    const isFatal = !(error instanceof UndecodableError)
    const reason = isFatal ? 'The decoder failed.' : (error as Error).message
    thread.postMessage({ kind: 'failed', reason, isFatal })
  }
}
