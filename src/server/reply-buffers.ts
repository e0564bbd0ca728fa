/** Memory that replies are read into, again and again: what comes back is kept, up to so many. */
import type { ReplyBuffers } from '../app.ts'
import type { Limits } from '../limits.ts'

const BUFFER_BYTES = 1024 ** 2

export function openReplyBuffers({ replyBuffersKept }: Pick<Limits, 'replyBuffersKept'>): ReplyBuffers {
  const kept: Uint8Array[] = []
  return {
    sizeBytes: BUFFER_BYTES,
    lend: () => kept.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES),
    giveBack(buffer) {
      if (kept.length < replyBuffersKept) kept.push(buffer)
    },
  }
}
