/**
 * Limits on the rate of requests: per address, per principal, and of bad signatures and wrong bearer tokens per address. A key or token that was
 * accepted before is never refused for those of others behind its address.
 */
import type { App } from '../../app.ts'
import type { Limits } from '../../limits.ts'
import { addressOf } from './connections.ts'
import { HttpRefusal } from './http-refusal.ts'
import { type Rate, shareOf, TokenBuckets } from './token-buckets.ts'
import type { WireRequest } from './wire.ts'

/** Values of the metric `hilum_refused_requests_total`. */
export type RefusalReason = 'host' | 'address' | 'principal' | 'signatures'

export interface RateLimits {
  /** Of every request, before anything else. */
  refusalOf(request: WireRequest): HttpRefusal | undefined
  /** @throws HttpRefusal */
  checkPrincipal(callerId: string, now: number): void
  readonly signatures: SignatureFailures
}

export interface SignatureFailures {
  /** Seconds until a key or token that was never accepted is looked up for this request; undefined if it is looked up now. */
  waitSeconds(request: WireRequest, now: number): number | undefined
  count(request: WireRequest, now: number): void
  /** A key or token was not looked up. */
  refused(): void
}

type RateName = 'requestsPerSecondPerAddress' | 'requestsPerSecondPerPrincipal' | 'failedSignaturesPerMinutePerAddress'

/** Of several processes: what one takes from its buckets, the others take from theirs. */
export type ShareRate = (name: Exclude<RefusalReason, 'host'>, buckets: TokenBuckets, rate: () => Rate) => void

const WARNING_INTERVAL_MS = 60_000

export function createRateLimits(
  { limits, clock, log, serverCount }: Pick<App, 'clock' | 'log' | 'serverCount'> & { readonly limits: Limits },
  onRefused: (reason: RefusalReason) => void,
  share: ShareRate = () => {},
): RateLimits {
  const failed = {
    perSecond: limits.failedSignaturesPerMinutePerAddress / 60,
    burst: limits.failedSignatureBurstPerAddress,
  }
  const rates = {
    address: { perSecond: limits.requestsPerSecondPerAddress, burst: limits.requestBurstPerAddress },
    principal: { perSecond: limits.requestsPerSecondPerPrincipal, burst: limits.requestBurstPerPrincipal },
    /** What they cost is work of the catalog, which servers share: so they share the rate. */
    get signatures() {
      return shareOf(failed, serverCount())
    },
  }
  const addresses = new TokenBuckets(limits.rateLimitsKept)
  const principals = new TokenBuckets(limits.rateLimitsKept)
  const failures = new TokenBuckets(limits.rateLimitsKept)
  share('address', addresses, () => rates.address)
  share('principal', principals, () => rates.principal)
  share('signatures', failures, () => rates.signatures)
  const warnedAt = new Map<RateName, number>()

  function refuse(reason: RefusalReason, limit: RateName): void {
    onRefused(reason)
    const now = clock()
    if (Math.abs(now - (warnedAt.get(limit) ?? -Infinity)) < WARNING_INTERVAL_MS) return
    warnedAt.set(limit, now)
    log.warn({ limit, value: limits[limit] }, 'requests are refused: the rate limit is reached')
  }

  return {
    refusalOf({ remoteAddress }) {
      const retryAfterSeconds = addresses.take(addressOf(remoteAddress), rates.address, clock())
      if (retryAfterSeconds === undefined) return undefined
      refuse('address', 'requestsPerSecondPerAddress')
      return new HttpRefusal(429, 'Rate exceeded: too many requests from this address.', { retryAfterSeconds })
    },
    checkPrincipal(callerId, now) {
      const retryAfterSeconds = principals.take(callerId, rates.principal, now)
      if (retryAfterSeconds === undefined) return
      refuse('principal', 'requestsPerSecondPerPrincipal')
      throw new HttpRefusal(429, 'Rate exceeded: too many requests of this principal.', { retryAfterSeconds })
    },
    signatures: {
      waitSeconds: ({ remoteAddress }, now) => failures.wait(addressOf(remoteAddress), rates.signatures, now),
      count({ remoteAddress }, now) {
        failures.take(addressOf(remoteAddress), rates.signatures, now)
      },
      refused: () => refuse('signatures', 'failedSignaturesPerMinutePerAddress'),
    },
  }
}
