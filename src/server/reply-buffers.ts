/** A pool of buffers that replies are read into. Beyond its size, buffers are allocated and not kept. */
import type { ReplyBuffers } from '../app.ts'
import type { Limits } from '../limits.ts'
import { memoryForChecksums } from '../pixel-data/checksum/stored-checksum.ts'

const BUFFER_BYTES = 1024 ** 2

export function openReplyBuffers({ replyBuffersKept }: Pick<Limits, 'replyBuffersKept'>): ReplyBuffers {
  /** Pooled buffers are in memory that the checksum code can read without a copy. The system allocates its pages on first use. */
  let kept: Uint8Array[] | undefined
  const pooled = new Set<Uint8Array>()
  /** Lent since they were overwritten. */
  const used = new Set<Uint8Array>()
  function makeKept(): Uint8Array[] {
    const memory = memoryForChecksums(replyBuffersKept * BUFFER_BYTES)
    // The first buffer in memory is lent first, so that pages of buffers that are never needed are not allocated.
    const made = Array.from({ length: replyBuffersKept }, (_, index) =>
      memory.subarray(index * BUFFER_BYTES, (index + 1) * BUFFER_BYTES),
    ).reverse()
    for (const buffer of made) pooled.add(buffer)
    return made
  }
  return {
    sizeBytes: BUFFER_BYTES,
    lend() {
      kept ??= makeKept()
      const buffer = kept.pop()
      if (buffer === undefined) return Buffer.allocUnsafeSlow(BUFFER_BYTES)
      used.add(buffer)
      return buffer
    },
    giveBack(buffer) {
      if (pooled.has(buffer)) kept!.push(buffer)
    },
    overwrite() {
      for (const buffer of kept ?? []) if (used.delete(buffer)) buffer.fill(0)
    },
  }
}
