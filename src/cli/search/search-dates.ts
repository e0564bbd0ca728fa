/**
 * Parses dates of the command line: a day or a range of days and times, absolute or relative to today. A lower bound is the start of the day,
 * minute or second that it names, an upper bound its end.
 */
import { OperatorError } from '../../server/operator-error.ts'

/** In local time, or in the given zone. */
export interface Moment {
  /** YYYY-MM-DD */
  readonly date: string
  /** HH:MM:SS.FFFFFF */
  readonly time: string
  /** Z or ±HH:MM; empty for local time. */
  readonly zone: string
}

/** Both inclusive; undefined is open. */
export interface DateRange {
  readonly from: Moment | undefined
  readonly to: Moment | undefined
}

const FORM =
  /^(\d{4})-?(\d{2})-?(\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,6}))?)?(Z|[+-](?:0\d|1[0-4]):[0-5]\d)?)?$/
const DAYS_AGO = /^-(\d{1,5})d$/
const EXAMPLES =
  'It takes a day or a range, such as 20240131, 2024-01-01..2024-01-31T12:30, today, yesterday, -7d, or 20240101.. for all since then'

/**
 * `A..B`, `A..`, `..B`, or one of them alone: a day is that day, -7d the range from seven days ago to today. Throws OperatorError with exit
 * code 2. @param now its local date is today.
 */
export function parseDateRange(text: string, { option, now }: { option: string; now: Date }): DateRange {
  const [first, second] = DAYS_AGO.test(text) ? [text, 'today'] : ends(text)
  const refused = (word: string) =>
    new OperatorError(`${option} does not understand '${word}'. ${EXAMPLES}.`, { exitCode: 2 })
  if ((first === '' && second === '') || second === undefined) throw refused(text)
  const bound = (word: string, isUpper: boolean) => {
    if (word === '') return undefined
    const moment = parseMoment(word, { isUpper, now })
    if (moment === undefined) throw refused(word)
    return moment
  }
  return { from: bound(first, false), to: bound(second, true) }
}

function ends(text: string): [string, string | undefined] {
  const at = text.indexOf('..')
  return at < 0 ? [text, text] : [text.slice(0, at), text.slice(at + 2)]
}

function parseMoment(word: string, { isUpper, now }: { isUpper: boolean; now: Date }): Moment | undefined {
  const daysAgo = word === 'today' ? 0 : word === 'yesterday' ? 1 : DAYS_AGO.exec(word)?.[1]
  const [, year, month, day, hour, minute, second, fraction, zone = ''] =
    FORM.exec(daysAgo === undefined ? word : dayBefore(now, Number(daysAgo))) ?? []
  if (year === undefined || !isOfCalendar(Number(year), Number(month), Number(day))) return undefined
  const [ofDay, ofHour, ofMinute, ofSecond] = isUpper ? ['23', '59', '59', '999999'] : ['00', '00', '00', '000000']
  const time = `${hour ?? ofDay}:${minute ?? ofHour}:${second ?? ofMinute}.${fraction?.padEnd(6, '0') ?? ofSecond}`
  return time < '24' && time[3]! < '6' && time[6]! < '6' ? { date: `${year}-${month}-${day}`, time, zone } : undefined
}

function dayBefore(now: Date, days: number): string {
  const then = new Date(now.getFullYear(), now.getMonth(), now.getDate() - days)
  const padded = (number: number, width: number) => String(number).padStart(width, '0')
  return `${padded(then.getFullYear(), 4)}${padded(then.getMonth() + 1, 2)}${padded(then.getDate(), 2)}`
}

function isOfCalendar(year: number, month: number, day: number): boolean {
  const midnight = new Date(0)
  // Not Date.UTC, which reads the years 0 to 99 as 1900 to 1999.
  midnight.setUTCFullYear(year, month - 1, day)
  return midnight.getUTCMonth() === month - 1 && midnight.getUTCDate() === day
}
