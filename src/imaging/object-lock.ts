/**
 * Object lock: while an image set or its data store has one of these tags, the image set is not deleted (docs/operating/retention.md). As
 * with Amazon S3 Object Lock, a legal hold has no end, and a retention ends by itself and can be extended.
 */
import { LEGAL_HOLD, RETAIN_UNTIL } from '../contract/lock-tags.ts'

const RESERVED = 'hilum:'

/** Longer is a mistake: a retention cannot be shortened by everybody. */
const RETENTION_YEARS_MAX = 100
const YEAR_MS = 366 * 86_400_000
const DAY_MS = 86_400_000

type Tags = Readonly<Record<string, string>>

/** Why the tags cannot be added, as a sentence without a full stop; undefined if they can. @param now milliseconds since 1970 */
export function faultOfTags(tags: Tags, now: number): string | undefined {
  for (const [key, value] of Object.entries(tags)) {
    if (key === LEGAL_HOLD) {
      if (value !== 'on') return `The tag ${LEGAL_HOLD} must have the value on. To end a legal hold, remove the tag`
    } else if (key === RETAIN_UNTIL) {
      const until = endOfRetention(value)
      if (until === undefined) {
        return `The tag ${RETAIN_UNTIL} must be a day such as 2036-12-31, which it includes (UTC), or a time such as 2036-12-31T18:00:00Z`
      }
      if (until - now > RETENTION_YEARS_MAX * YEAR_MS) {
        return `The tag ${RETAIN_UNTIL} must be a time in the next ${RETENTION_YEARS_MAX} years`
      }
    } else if (key.toLowerCase().startsWith(RESERVED)) {
      return `Tags that begin with ${RESERVED} are reserved: ${LEGAL_HOLD} and ${RETAIN_UNTIL} can be set`
    }
  }
  return undefined
}

/** Milliseconds since 1970: the end of a day in UTC, or the time. */
function endOfRetention(value: string): number | undefined {
  const isDay = /^\d{4}-\d{2}-\d{2}$/.test(value)
  const isTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?(Z|[+-]\d{2}:\d{2})$/.test(value)
  if (!isDay && !isTime) return undefined
  const at = Date.parse(value)
  // Date.parse accepts 31 February.
  const day = new Date(`${value.slice(0, 10)}T00:00:00Z`)
  if (Number.isNaN(at) || day.toISOString().slice(0, 10) !== value.slice(0, 10)) return undefined
  return isDay ? at + DAY_MS : at
}

/** Whether the tags would end the retention of others earlier, while it lasts. */
export function isShortened({
  from,
  to,
  now,
}: {
  readonly from: Tags
  readonly to: Tags
  readonly now: number
}): boolean {
  const until = retentionOf(from)
  if (until === undefined || until <= now || to[RETAIN_UNTIL] === undefined) return false
  return (retentionOf(to) ?? 0) < until
}

const retentionOf = ({ [RETAIN_UNTIL]: value }: Tags): number | undefined =>
  value === undefined ? undefined : endOfRetention(value)

/** Why a resource with these tags is not deleted now: `under legal hold`, or `retained until 2036-12-31`; undefined if it is not locked. */
export function lockOf(tags: Tags, now: number): string | undefined {
  if (tags[LEGAL_HOLD] !== undefined) return `under legal hold (tag ${LEGAL_HOLD})`
  const until = retentionOf(tags)
  return until !== undefined && until > now ? `retained until ${tags[RETAIN_UNTIL]} (tag ${RETAIN_UNTIL})` : undefined
}
