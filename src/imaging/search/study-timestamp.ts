/**
 * StudyDate and StudyTime (PS3.5 6.2, VR DA and TM) as one number: local time without a time zone, in microseconds since 1970-01-01. Exact from
 * 1684 to 2255; outside, timestamps up to 32 microseconds apart may be equal.
 */

const DATE = /^(\d{4})(\d{2})(\d{2})$/
/** The ACR-NEMA form of a date, which PS3.5 6.2 recommends to accept. */
const OLD_DATE = /^(\d{4})\.(\d{2})\.(\d{2})$/
const TIME = /^(\d{2})(?:(\d{2})(?:(\d{2})(?:\.(\d{1,6}))?)?)?$/
const OLD_TIME = /^(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?$/

/**
 * @param options.strict for search bounds: only YYYYMMDD and HH[mm[ss[.FFFFFF]]] are valid, and an invalid time makes the result undefined. Stored
 * values are read leniently: ACR-NEMA forms are valid, and an invalid time is the start of the day.
 * @returns undefined where the date is absent or invalid.
 */
export function studyTimestamp(
  date: string | null | undefined,
  time: string | null | undefined,
  options: { readonly strict: boolean },
): number | undefined {
  const day = dayOf(date ?? '', options)
  if (day === undefined) return undefined
  const inDay = time === null || time === undefined || time === '' ? 0 : timeOfDay(time, options)
  if (inDay === undefined) return options.strict ? undefined : day
  return day + inDay
}

function dayOf(date: string, options: { readonly strict: boolean }): number | undefined {
  const parts = DATE.exec(date) ?? (options.strict ? null : OLD_DATE.exec(date))
  if (parts === null) return undefined
  const [year, month, day] = [Number(parts[1]), Number(parts[2]), Number(parts[3])]
  const midnight = new Date(0)
  // Not Date.UTC, which reads the years 0 to 99 as 1900 to 1999.
  midnight.setUTCFullYear(year, month - 1, day)
  if (midnight.getUTCMonth() !== month - 1 || midnight.getUTCDate() !== day) return undefined
  return midnight.getTime() * 1000
}

function timeOfDay(time: string, options: { readonly strict: boolean }): number | undefined {
  const parts = TIME.exec(time) ?? (options.strict ? null : OLD_TIME.exec(time))
  if (parts === null) return undefined
  const [hours, minutes, seconds] = [Number(parts[1]), Number(parts[2] ?? 0), Number(parts[3] ?? 0)]
  // 60 is a leap second (PS3.5 6.2, TM).
  if (hours > 23 || minutes > 59 || seconds > 60) return undefined
  const micros = Number((parts[4] ?? '').padEnd(6, '0'))
  return ((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + micros
}
