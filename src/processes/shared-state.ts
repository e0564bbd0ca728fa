/** What the primary holds for all processes that serve requests: links, the buckets of throttles, and what uploads occupy. */

import type { Limits } from '../limits.ts'
import { openUploadUsage } from '../operations/upload-usage.ts'
import { createLinks } from '../protocols/hilum/one-time-links.ts'
import { TokenBuckets } from '../protocols/http/token-buckets.ts'
import type { Answers, ProcessChannel } from './channel.ts'
import type { FromProcess, PrimaryCalls } from './messages.ts'

type SharedCall = 'takeToken' | 'takeUpload' | 'makeLink' | 'redeemLink' | 'makeDownload' | 'redeemDownload'

/** What one process sees of it. */
interface OneProcess {
  readonly answers: Pick<Answers<PrimaryCalls>, SharedCall>
  onMessage(message: FromProcess): void
  /** The process has ended: what it had reserved is free. */
  ended(): void
}

interface SharedState {
  /** @param channel to the process, which counts uploads where that is needed */
  forProcess(channel: () => ProcessChannel): OneProcess
}

export function openSharedState(limits: Limits): SharedState {
  const { consoleLinks, downloadLinks } = createLinks(limits)
  const throttles = new TokenBuckets(limits.rateLimitsKept)
  const usage = openUploadUsage()
  let reservations = 0

  return {
    forProcess(channel) {
      const reserved = new Map<number, (isStored: boolean) => void>()
      return {
        answers: {
          takeToken: ({ name, rate, now }) => throttles.take(name, rate, now),
          makeLink: ({ requester, now }) => consoleLinks.make(requester, now),
          redeemLink: ({ token, now }) => consoleLinks.redeem(token, now),
          makeDownload: ({ requested, now }) => downloadLinks.make(requested, now),
          redeemDownload: ({ token, now }) => downloadLinks.redeem(token, now),
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
