/** A thread that decodes one frame after another, so that the page stays at the person's hand. */

import type { DecodedFrame } from '../pixels/render.ts'
import { openHTJ2K } from './codecs.ts'
import { decodeFrame, type FrameToDecode, UndecodableError } from './decode.ts'

export type DecodeAnswer =
  | { readonly kind: 'decoded'; readonly decoded: DecodedFrame }
  /** `isUnfit`: the codec will not decode anything after this. */
  | { readonly kind: 'failed'; readonly reason: string; readonly isUnfit: boolean }

const thread = globalThis as unknown as {
  onmessage: (event: { data: FrameToDecode }) => void
  postMessage(answer: DecodeAnswer, transfer?: Transferable[]): void
}

// Most frames need it, and it can come while the first is on its way. Where it does not, the frame that needs it says so.
openHTJ2K().catch(() => {})

thread.onmessage = async ({ data: frame }) => {
  try {
    const decoded = await decodeFrame(frame)
    thread.postMessage({ kind: 'decoded', decoded }, [decoded.samples.buffer as ArrayBuffer])
  } catch (error) {
    const isUnfit = !(error instanceof UndecodableError)
    const reason = isUnfit ? 'The decoder failed on its frame.' : (error as Error).message
    thread.postMessage({ kind: 'failed', reason, isUnfit })
  }
}
