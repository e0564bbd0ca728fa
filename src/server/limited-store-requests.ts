/** Limits how many store requests are open at the same time, in all and of each principal: slow clients must not keep others out. */
import { ContractError } from '../contract/errors.ts'
import type { StoreRequests } from '../contract/store-requests.ts'
import type { Limits } from '../limits.ts'

const RETRY_AFTER_SECONDS = 1

export function limitedStoreRequests(
  requests: StoreRequests,
  { storeRequests, storeRequestsPerPrincipal }: Pick<Limits, 'storeRequests' | 'storeRequestsPerPrincipal'>,
): StoreRequests {
  const ofCaller = new Map<string, number>()
  let all = 0

  function enter(callerId: string): () => void {
    const own = ofCaller.get(callerId) ?? 0
    if (own >= storeRequestsPerPrincipal) {
      throw new ContractError(
        'ThrottlingException',
        `${storeRequestsPerPrincipal} store requests of the principal are open, which is the limit. Send the request again later`,
        { retryAfterSeconds: RETRY_AFTER_SECONDS },
      )
    }
    if (all >= storeRequests) {
      throw new ContractError(
        'ServiceUnavailableException',
        `${storeRequests} store requests are open, which is the limit of the server. Send the request again later`,
        { retryAfterSeconds: RETRY_AFTER_SECONDS },
      )
    }
    all += 1
    ofCaller.set(callerId, own + 1)
    let isOpen = true
    return () => {
      if (!isOpen) return
      isOpen = false
      all -= 1
      const left = ofCaller.get(callerId)! - 1
      if (left === 0) ofCaller.delete(callerId)
      else ofCaller.set(callerId, left)
    }
  }

  return {
    async open(options) {
      const leave = enter(options.callerId)
      try {
        const request = await requests.open(options)
        return {
          add: (bytes) => request.add(bytes),
          finish: () => request.finish().finally(leave),
          abort() {
            leave()
            request.abort()
          },
        }
      } catch (error) {
        leave()
        throw error
      }
    },
  }
}
