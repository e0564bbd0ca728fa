/**
 * Timestamps on the wire: epoch seconds as a JSON number (restJson1). A numeric string and ISO 8601 with an offset are accepted too.
 * Internally, timestamps are milliseconds since 1970.
 */

/** The range of Date. */
const SECONDS_MAX = 8.64e12
const NUMERIC = /^[+-]?\d{1,20}(?:\.\d{1,20})?(?:[eE][+-]?\d{1,2})?$/
const ISO_8601 = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(?:Z|([+-])(\d\d):?(\d\d))$/

/** Milliseconds since 1970, to the microsecond; undefined for an invalid time. */
export function parseTimestamp(json: unknown): number | undefined {
  if (typeof json === 'number') return ofSeconds(json)
  if (typeof json !== 'string' || json.length > 64) return undefined
  if (NUMERIC.test(json)) return ofSeconds(Number(json))
  return parseIso(json)
}

/** Below this (the year 2106) a double of seconds is exact to the microsecond, beyond it to the millisecond. */
const MICROSECONDS_UNTIL = 2 ** 32

/** Rounds to whole microseconds first, so that 1701700800.123 becomes exactly 1701700800123 ms. */
function ofSeconds(seconds: number): number | undefined {
  if (!(Math.abs(seconds) <= SECONDS_MAX)) return undefined
  return Math.abs(seconds) < MICROSECONDS_UNTIL ? Math.round(seconds * 1e6) / 1e3 : Math.round(seconds * 1e3)
}

function parseIso(text: string): number | undefined {
  const match = ISO_8601.exec(text)
  if (match === null) return undefined
  const [year, month, day, hour, minute, second] = match.slice(1, 7).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ]
  const offsetHours = Number(match[9] ?? 0)
  const offsetMinutes = Number(match[10] ?? 0)
  if (hour > 23 || minute > 59 || second > 59 || offsetHours > 23 || offsetMinutes > 59) return undefined
  const date = new Date(0)
  date.setUTCFullYear(year, month - 1, day)
  if (date.getUTCMonth() !== month - 1 || date.getUTCDate() !== day) return undefined
  const offset = (offsetHours * 60 + offsetMinutes) * (match[8] === '-' ? -1 : 1)
  const whole = date.setUTCHours(hour, minute - offset, second)
  return whole + Math.round(Number(`0.${match[7] ?? '0'}`) * 1e6) / 1e3
}

/** Epoch seconds with milliseconds, such as 1700000000.123. A JSON number is the only form that every SDK reads. */
export function timestampText(milliseconds: number): string {
  if (!Number.isFinite(milliseconds)) throw new Error('a timestamp is not finite')
  return String(Math.round(milliseconds) / 1000)
}
