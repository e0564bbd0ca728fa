/** Limits the memory of all request bodies that the process holds at the same time. */
import type { Limits } from '../../limits.ts'

export interface BodyBudget {
  hasRoomFor(bytes: number): boolean
  /** False, and nothing is taken, where the limit would be exceeded. */
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
