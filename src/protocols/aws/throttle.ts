/** The throttles of AWS HealthImaging (developer guide, "Throttling limits"): one token bucket per caller and operation. */
import { ContractError } from '../../contract/errors.ts'
import type { OperationName } from '../../contract/operations.ts'
import { THROTTLES } from '../../contract/quotas.ts'
import type { Limits } from '../../limits.ts'
import { TokenBuckets } from '../http/token-buckets.ts'

/** The returned function takes a token, or throws ThrottlingException. `now` is in milliseconds. */
export function createThrottle({
  rateLimitsKept,
}: Pick<Limits, 'rateLimitsKept'>): (callerId: string, operation: OperationName, now: number) => void {
  const buckets = new TokenBuckets(rateLimitsKept)
  return (callerId, operation, now) => {
    const retryAfterSeconds = buckets.take(`${operation} ${callerId}`, THROTTLES[operation], now)
    if (retryAfterSeconds === undefined) return
    throw new ContractError('ThrottlingException', 'Rate exceeded', { retryAfterSeconds })
  }
}
