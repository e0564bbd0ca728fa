/** The throttles of AWS HealthImaging (developer guide, "Throttling limits"): one token bucket per caller and operation. */
import type { App } from '../../app.ts'
import { ContractError } from '../../contract/errors.ts'
import type { Throttle } from '../../contract/quotas.ts'
import { shareOf } from '../http/token-buckets.ts'

/** The returned function takes a token, or throws ThrottlingException. `now` is in milliseconds. */
export function createThrottle<Name extends string>(
  throttles: { readonly [N in Name]?: Throttle },
  { throttleBuckets, serverCount }: Pick<App, 'throttleBuckets' | 'serverCount'>,
): (callerId: string, name: Name, now: number) => Promise<void> {
  return async (callerId, name, now) => {
    const throttle = throttles[name]
    const retryAfterSeconds =
      throttle && (await throttleBuckets.take(`${name} ${callerId}`, shareOf(throttle, serverCount()), now))
    if (retryAfterSeconds === undefined) return
    throw new ContractError('ThrottlingException', 'Rate exceeded', { retryAfterSeconds })
  }
}
