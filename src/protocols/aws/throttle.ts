/** The throttles of AWS HealthImaging (developer guide, "Throttling limits"): one token bucket per caller and operation. */
import type { ThrottleBuckets } from '../../app.ts'
import { ContractError } from '../../contract/errors.ts'
import type { Throttle } from '../../contract/quotas.ts'

/** The returned function takes a token, or throws ThrottlingException. `now` is in milliseconds. */
export function createThrottle<Name extends string>(
  throttles: { readonly [N in Name]?: Throttle },
  buckets: ThrottleBuckets,
): (callerId: string, name: Name, now: number) => Promise<void> {
  return async (callerId, name, now) => {
    const throttle = throttles[name]
    const retryAfterSeconds = throttle && (await buckets.take(`${name} ${callerId}`, throttle, now))
    if (retryAfterSeconds === undefined) return
    throw new ContractError('ThrottlingException', 'Rate exceeded', { retryAfterSeconds })
  }
}
