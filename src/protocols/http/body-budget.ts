/** The bytes of all request bodies that this process holds at a time: what comes from outside must not decide how much memory is used. */
import type { Limits } from '../../limits.ts'

export interface BodyBudget {
  hasRoomFor(bytes: number): boolean
  /** False where there is no room; nothing is taken then. */
  take(bytes: number): boolean
  release(bytes: number): void
}

export function openBodyBudget(limits: Pick<Limits, 'requestBodiesBytes'>): BodyBudget {
  let heldBytes = 0
  const hasRoomFor = (bytes: number) => heldBytes + bytes <= limits.requestBodiesBytes
  return {
    hasRoomFor,
    take(bytes) {
      if (!hasRoomFor(bytes)) return false
      heldBytes += bytes
      return true
    },
    release(bytes) {
      heldBytes -= bytes
    },
  }
}
