/** How often a page refetches by itself: while a resource changes, and until an unreachable server answers again. */
import { errorMessageOf } from './error-messages.ts'

const UNREACHABLE_RETRY_MS = 2_000

/** @param changingMs the interval while the resource changes; undefined once it is stable */
export function refetchIntervalOf({ error }: { readonly error: unknown }, changingMs?: number): number | false {
  if (error !== null) return errorMessageOf(error).kind === 'unreachable' ? UNREACHABLE_RETRY_MS : false
  return changingMs ?? false
}
