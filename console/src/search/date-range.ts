/**
 * Date ranges as the picker has them: relative to now or between two moments; as words of an address, and as the two bounds of a
 * BETWEEN. An upper bound reaches to the end of the second that it names, and a relative range to the end of today, so that what the
 * server made a moment ago is in it although its clock is ahead.
 */
import type { DICOMStudyDateAndTime } from '@aws-sdk/client-medical-imaging'

const UNITS = { minute: 'min', hour: 'h', day: 'd', week: 'w', month: 'mo', year: 'y' } as const
export type Unit = keyof typeof UNITS

export type Range =
  | { readonly type: 'relative'; readonly amount: number; readonly unit: Unit }
  /** ISO 8601 to the second, with an offset or on the wall clock. */
  | { readonly type: 'absolute'; readonly from: string; readonly to: string }

const AMOUNT_MAX = 99_999
const MOMENT = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(Z|[+-]\d{2}:\d{2})?$/

/** `-7d`, or `2024-01-01T00:00:00..2024-01-31T23:59:59`. */
export const rangeText = (range: Range): string =>
  range.type === 'relative' ? `-${range.amount}${UNITS[range.unit]}` : `${range.from}..${range.to}`

export function parseRange(text: string): Range | undefined {
  const [, amount, short] = /^-(\d{1,5})(min|mo|h|d|w|y)$/.exec(text) ?? []
  if (amount !== undefined) {
    const unit = (Object.keys(UNITS) as Unit[]).find((one) => UNITS[one] === short)!
    const range: Range = { type: 'relative', amount: Number(amount), unit }
    return faultOfRange(range) === undefined ? range : undefined
  }
  const [from, to, ...more] = text.split('..')
  if (from === undefined || to === undefined || more.length > 0) return undefined
  const range: Range = { type: 'absolute', from, to }
  return faultOfRange(range) === undefined ? range : undefined
}

/** Why a BETWEEN cannot be made of it, in words for the person who picked it. */
export function faultOfRange(range: Range): string | undefined {
  if (range.type === 'relative') {
    const isWhole = Number.isInteger(range.amount) && range.amount > 0 && range.amount <= AMOUNT_MAX
    return isWhole ? undefined : `Enter a whole number from 1 to ${AMOUNT_MAX.toLocaleString('en-US')}.`
  }
  const isMoment = (text: string) => MOMENT.test(text) && !Number.isNaN(Date.parse(text))
  if (!isMoment(range.from)) return 'Choose the day on which the range begins.'
  if (!isMoment(range.to)) return 'Choose the day on which the range ends.'
  return Date.parse(range.from) > Date.parse(range.to) ? 'The range ends before it begins.' : undefined
}

type Bounds = readonly [Date, Date] | readonly [DICOMStudyDateAndTime, DICOMStudyDateAndTime]

/** Study dates are on the wall clock of where the study was made: they know no time zone. */
export function boundsOf(range: Range, { now, isStudyDate }: { now: Date; isStudyDate: boolean }): Bounds {
  if (isStudyDate) {
    const [from, to] =
      range.type === 'absolute' ? [range.from, range.to] : [wallClock(startOf(range, now)), wallClock(endOfDay(now))]
    return [studyMoment(from, '000000'), studyMoment(to, '999999')]
  }
  if (range.type === 'relative') return [startOf(range, now), endOfDay(now)]
  return [new Date(range.from), new Date(Date.parse(range.to) + 999)]
}

/** Of days and what is longer, the start of the day so long ago; of hours and minutes the very moment. */
function startOf({ amount, unit }: Extract<Range, { type: 'relative' }>, now: Date): Date {
  if (unit === 'minute') return new Date(now.getTime() - amount * 60_000)
  if (unit === 'hour') return new Date(now.getTime() - amount * 3_600_000)
  const [year, month, day] = [now.getFullYear(), now.getMonth(), now.getDate()]
  if (unit === 'day') return new Date(year, month, day - amount)
  if (unit === 'week') return new Date(year, month, day - 7 * amount)
  const months = unit === 'year' ? 12 * amount : amount
  // A month earlier than the 31st is the last day of a month that has fewer.
  return new Date(year, month - months, Math.min(day, new Date(year, month - months + 1, 0).getDate()))
}

const endOfDay = (now: Date): Date => new Date(now.getFullYear(), now.getMonth(), now.getDate(), 23, 59, 59, 999)

function wallClock(date: Date): string {
  const two = (number: number) => String(number).padStart(2, '0')
  const day = `${String(date.getFullYear()).padStart(4, '0')}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day}T${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}

const studyMoment = (moment: string, fraction: string): DICOMStudyDateAndTime => ({
  DICOMStudyDate: moment.slice(0, 10).replaceAll('-', ''),
  DICOMStudyTime: `${moment.slice(11, 19).replaceAll(':', '')}.${fraction}`,
})
