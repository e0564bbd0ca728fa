/** The storage tier of an image set by its last access (AWS "Cost optimization"). */
import type { StorageTier } from '../contract/image-sets.ts'
import type { TypeOf } from '../contract/shapes.ts'

const ARCHIVED_AFTER_MS = 30 * 24 * 3_600_000

export const storageTierOf = (lastAccessedAt: number, now: number): TypeOf<typeof StorageTier> =>
  now - lastAccessedAt > ARCHIVED_AFTER_MS ? 'ARCHIVE_INSTANT_ACCESS' : 'FREQUENT_ACCESS'

/** Until when the tiers of image sets stay as they are now, if none is accessed: the last millisecond. */
export function tiersStayUntil(accesses: readonly { readonly lastAccessedAt: number }[], now: number): number {
  let until = Number.POSITIVE_INFINITY
  for (const { lastAccessedAt } of accesses) {
    const last = lastAccessedAt + ARCHIVED_AFTER_MS
    if (last >= now) until = Math.min(until, last)
  }
  return until
}
