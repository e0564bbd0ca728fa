/** Memory that replies are read into, again and again: what comes back is kept, up to so many. */
import type { ReplyBuffers } from '../app.ts'
import type { Limits } from '../limits.ts'
import { memoryForChecksums } from '../pixel-data/checksum/stored-checksum.ts'

const BUFFER_BYTES = 1024 ** 2

export function openReplyBuffers({ replyBuffersKept }: Pick<Limits, 'replyBuffersKept'>): ReplyBuffers {
  /** Those that are kept lie in memory where a checksum need not copy them. It is the system's to give, page by page, when it is used. */
  let kept: Uint8Array[] | undefined
  const ours = new Set<Uint8Array>()
  function makeKept(): Uint8Array[] {
    const memory = memoryForChecksums(replyBuffersKept * BUFFER_BYTES)
    // The one that is lent first lies first: of those that are never needed no page is touched.
    const made = Array.from({ length: replyBuffersKept }, (_, index) =>
      memory.subarray(index * BUFFER_BYTES, (index + 1) * BUFFER_BYTES),
    ).reverse()
    for (const buffer of made) ours.add(buffer)
    return made
  }
  return {
    sizeBytes: BUFFER_BYTES,
    lend() {
      kept ??= makeKept()
      return kept.pop() ?? Buffer.allocUnsafeSlow(BUFFER_BYTES)
    },
    giveBack(buffer) {
      if (ours.has(buffer)) kept!.push(buffer)
    },
  }
}
