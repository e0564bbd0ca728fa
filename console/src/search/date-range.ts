/**
 * Date ranges of the picker, relative or absolute, converted to URL parameters and to the bounds of a BETWEEN filter. An upper bound
 * includes its whole second. A relative range ends at the end of today, so that it includes recent changes when the clock of the server
 * is ahead.
 */
import type { DICOMStudyDateAndTime } from '@aws-sdk/client-medical-imaging'

const UNITS = { minute: 'min', hour: 'h', day: 'd', week: 'w', month: 'mo', year: 'y' } as const
export type Unit = keyof typeof UNITS

export type Range =
  | { readonly type: 'relative'; readonly amount: number; readonly unit: Unit }
  /** ISO 8601 to the second, with a UTC offset or in local time. */
  | { readonly type: 'absolute'; readonly from: string; readonly to: string }

const AMOUNT_MAX = 99_999
const TIMESTAMP = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(Z|[+-]\d{2}:\d{2})?$/

/** For example `-7d` or `2024-01-01T00:00:00..2024-01-31T23:59:59`. */
export const rangeText = (range: Range): string =>
  range.type === 'relative' ? `-${range.amount}${UNITS[range.unit]}` : `${range.from}..${range.to}`

export function parseRange(text: string): Range | undefined {
  const [, amount, short] = /^-(\d{1,5})(min|mo|h|d|w|y)$/.exec(text) ?? []
  if (amount !== undefined) {
    const unit = (Object.keys(UNITS) as Unit[]).find((one) => UNITS[one] === short)!
    const range: Range = { type: 'relative', amount: Number(amount), unit }
    return rangeError(range) === undefined ? range : undefined
  }
  const [from, to, ...more] = text.split('..')
  if (from === undefined || to === undefined || more.length > 0) return undefined
  const range: Range = { type: 'absolute', from, to }
  return rangeError(range) === undefined ? range : undefined
}

/** Why the range can't be used. */
export function rangeError(range: Range): string | undefined {
  if (range.type === 'relative') {
    const isWhole = Number.isInteger(range.amount) && range.amount > 0 && range.amount <= AMOUNT_MAX
    return isWhole ? undefined : `Enter a whole number from 1 to ${AMOUNT_MAX.toLocaleString()}.`
  }
  const isTimestamp = (text: string) => TIMESTAMP.test(text) && !Number.isNaN(Date.parse(text))
  if (!isTimestamp(range.from)) return 'Choose a start date.'
  if (!isTimestamp(range.to)) return 'Choose an end date.'
  return Date.parse(range.from) > Date.parse(range.to) ? 'The end date must be after the start date.' : undefined
}

type Bounds = readonly [Date, Date] | readonly [DICOMStudyDateAndTime, DICOMStudyDateAndTime]

/** Study dates have no time zone. */
export function boundsOf(range: Range, { now, isStudyDate }: { now: Date; isStudyDate: boolean }): Bounds {
  if (isStudyDate) {
    const [from, to] =
      range.type === 'absolute'
        ? [range.from, range.to]
        : [localTimestamp(startOf(range, now)), localTimestamp(endOfDay(now))]
    return [studyDateAndTime(from, '000000'), studyDateAndTime(to, '999999')]
  }
  if (range.type === 'relative') return [startOf(range, now), endOfDay(now)]
  return [new Date(range.from), new Date(Date.parse(range.to) + 999)]
}

/** Minutes and hours are counted from now, longer units from the start of the day. */
function startOf({ amount, unit }: Extract<Range, { type: 'relative' }>, now: Date): Date {
  if (unit === 'minute') return new Date(now.getTime() - amount * 60_000)
  if (unit === 'hour') return new Date(now.getTime() - amount * 3_600_000)
  const [year, month, day] = [now.getFullYear(), now.getMonth(), now.getDate()]
  if (unit === 'day') return new Date(year, month, day - amount)
  if (unit === 'week') return new Date(year, month, day - 7 * amount)
  const months = unit === 'year' ? 12 * amount : amount
  // One month before March 31 is the last day of February.
  return new Date(year, month - months, Math.min(day, new Date(year, month - months + 1, 0).getDate()))
}

const endOfDay = (now: Date): Date => new Date(now.getFullYear(), now.getMonth(), now.getDate(), 23, 59, 59, 999)

function localTimestamp(date: Date): string {
  const two = (number: number) => String(number).padStart(2, '0')
  const day = `${String(date.getFullYear()).padStart(4, '0')}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}

const studyDateAndTime = (timestamp: string, fraction: string): DICOMStudyDateAndTime => ({
  DICOMStudyDate: timestamp.slice(0, 10).replaceAll('-', ''),
  DICOMStudyTime: `${timestamp.slice(11, 19).replaceAll(':', '')}.${fraction}`,
})
