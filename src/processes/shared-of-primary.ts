/** What the processes that serve requests share, as one of them sees it: exact where the primary holds it, soon known to all for rates. */
import { TemporarilyUnavailable } from '../contract/errors.ts'
import type { ShareRate } from '../protocols/http/rate-limits.ts'
import { storeRequestsOver } from '../server/store-request-socket.ts'
import type { PrimaryChannel } from './channel.ts'
import type { ProcessStart, TakenTokens, ToProcess } from './messages.ts'
import type { SharedParts } from './serve-requests.ts'

/** How long the others do not know what was taken here. */
const TELL_MS = 100

interface SharedOfPrimary extends Omit<SharedParts, 'auditChain'> {
  onMessage(message: ToProcess): void
  countUploads(counting: number): Promise<number>
  stop(): void
}

export function sharedOfPrimary(
  primary: PrimaryChannel,
  start: Pick<ProcessStart, 'jobsAddress' | 'serverCount'>,
): SharedOfPrimary {
  let { jobsAddress, serverCount } = start
  const rates = new Map<keyof TakenTokens, { buckets: Parameters<ShareRate>[1]; rate: Parameters<ShareRate>[2] }>()
  const counts = new Map<number, () => Promise<number>>()
  let countings = 0

  function tellTaken(): void {
    const tokens: { [name in keyof TakenTokens]: TakenTokens[name] } = {}
    for (const [name, { buckets }] of rates) {
      const taken = buckets.takenSince()
      if (taken.size > 0) tokens[name] = taken
    }
    if (Object.keys(tokens).length > 0) void primary.send({ kind: 'taken', tokens })
  }
  const telling = setInterval(tellTaken, TELL_MS).unref()

  return {
    throttleBuckets: { take: (name, rate, now) => primary.call('takeToken', { name, rate, now }) },
    uploadUsage: {
      async take(wanted, count) {
        const counting = ++countings
        counts.set(counting, count)
        try {
          const reservation = await primary.call('takeUpload', { ...wanted, counting })
          if (reservation === undefined) return undefined
          return (isStored) => void primary.send({ kind: 'uploadEnded', reservation, isStored })
        } finally {
          counts.delete(counting)
        }
      },
      forget: () => void primary.send({ kind: 'uploadsRemoved' }),
    },
    serverCount: () => serverCount,
    workWaits: () => void primary.send({ kind: 'wake' }),
    storeRequests: storeRequestsOver(() => jobsAddress),
    othersRefreshCallers: () => primary.call('refreshCallers', undefined),
    shareRate(name, buckets, rate) {
      rates.set(name, { buckets, rate })
    },
    onMessage(message) {
      if (message.kind === 'jobsAddress') jobsAddress = message.address
      if (message.kind === 'servers') serverCount = message.count
      if (message.kind !== 'taken') return
      const now = Date.now()
      for (const [name, { buckets, rate }] of rates) {
        for (const [of, tokens] of message.tokens[name] ?? []) buckets.takenByOthers(of, tokens, { rate: rate(), now })
      }
    },
    countUploads(counting) {
      const count = counts.get(counting)
      if (count === undefined) throw new TemporarilyUnavailable('the upload has ended')
      return count()
    },
    stop: () => clearInterval(telling),
  }
}
