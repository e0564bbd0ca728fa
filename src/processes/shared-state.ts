/** What the primary holds for all processes that serve requests: the buckets of throttles, and what uploads occupy. */

import type { Limits } from '../limits.ts'
import { openUploadUsage } from '../operations/upload-usage.ts'
import { TokenBuckets } from '../protocols/http/token-buckets.ts'
import type { Answers, ProcessChannel } from './channel.ts'
import type { FromProcess, PrimaryCalls } from './messages.ts'

/** What one process sees of it. */
interface OneProcess {
  readonly answers: Pick<Answers<PrimaryCalls>, 'takeToken' | 'takeUpload'>
  onMessage(message: FromProcess): void
  /** The process has ended: what it had reserved is free. */
  ended(): void
}

interface SharedState {
  /** @param channel to the process, which counts uploads where that is needed */
  forProcess(channel: () => ProcessChannel): OneProcess
}

export function openSharedState(limits: Limits, serverCount: () => number): SharedState {
  const throttles = new TokenBuckets(limits.rateLimitsKept)
  const usage = openUploadUsage({ countedMs: limits.uploadsCountedMs, serverCount })
  let reservations = 0

  return {
    forProcess(channel) {
      const reserved = new Map<number, (isStored: boolean) => void>()
      return {
        answers: {
          takeToken: ({ name, rate, now }) => throttles.take(name, rate, now),
          async takeUpload({ counting, ...wanted }) {
            const settle = await usage.take(wanted, () => channel().call('countUploads', counting))
            if (settle === undefined) return undefined
            const reservation = ++reservations
            reserved.set(reservation, settle)
            return reservation
          },
        },
        onMessage(message) {
          if (message.kind === 'uploadsRemoved') usage.forget()
          if (message.kind !== 'uploadEnded') return
          reserved.get(message.reservation)?.(message.isStored)
          reserved.delete(message.reservation)
        },
        ended() {
          for (const settle of reserved.values()) settle(false)
          // Some may have been stored.
          if (reserved.size > 0) usage.forget()
          reserved.clear()
        },
      }
    },
  }
}
