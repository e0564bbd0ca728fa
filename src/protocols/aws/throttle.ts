/** The throttles of AWS HealthImaging (developer guide, "Throttling limits"): one token bucket per caller and operation. */
import { ContractError } from '../../contract/errors.ts'
import type { OperationName } from '../../contract/operations.ts'
import { THROTTLES } from '../../contract/quotas.ts'

interface Bucket {
  tokens: number
  filledAt: number
}

/** The returned function takes a token, or throws ThrottlingException. `now` is in milliseconds. */
export function createThrottle(): (callerId: string, operation: OperationName, now: number) => void {
  const buckets = new Map<string, Bucket>()
  return (callerId, operation, now) => {
    const { perSecond, burst } = THROTTLES[operation]
    const name = `${operation} ${callerId}`
    const bucket = buckets.get(name) ?? { tokens: burst, filledAt: now }
    buckets.set(name, bucket)
    // The clock may have been set back.
    const elapsedSeconds = Math.max(0, now - bucket.filledAt) / 1000
    bucket.tokens = Math.min(burst, bucket.tokens + elapsedSeconds * perSecond)
    bucket.filledAt = now
    if (bucket.tokens < 1) {
      const retryAfterSeconds = (1 - bucket.tokens) / perSecond
      throw new ContractError('ThrottlingException', 'Rate exceeded', { retryAfterSeconds })
    }
    bucket.tokens -= 1
  }
}
