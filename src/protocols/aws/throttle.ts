/** The throttles of AWS HealthImaging (developer guide, "Throttling limits"): one token bucket per caller and operation. */
import { ContractError } from '../../contract/errors.ts'
import type { Throttle } from '../../contract/quotas.ts'
import type { Limits } from '../../limits.ts'
import { TokenBuckets } from '../http/token-buckets.ts'

/** The returned function takes a token, or throws ThrottlingException. `now` is in milliseconds. */
export function createThrottle<Name extends string>(
  throttles: { readonly [N in Name]?: Throttle },
  { rateLimitsKept }: Pick<Limits, 'rateLimitsKept'>,
): (callerId: string, name: Name, now: number) => void {
  const buckets = new TokenBuckets(rateLimitsKept)
  return (callerId, name, now) => {
    const throttle = throttles[name]
    const retryAfterSeconds = throttle && buckets.take(`${name} ${callerId}`, throttle, now)
    if (retryAfterSeconds === undefined) return
    throw new ContractError('ThrottlingException', 'Rate exceeded', { retryAfterSeconds })
  }
}
