/** The tags that keep an image set, or all image sets of a data store, from being deleted (docs/operating/retention.md). */

export const LEGAL_HOLD = 'hilum:legal-hold'
export const RETAIN_UNTIL = 'hilum:retain-until'

export const LOCK_TAGS: readonly string[] = [LEGAL_HOLD, RETAIN_UNTIL]
