/** Study dates to search for: a day or days that are counted from today, or a range. Dates have no time zone: days are those of this computer. */

const DAYS = {
  today: { text: 'Today', from: 0, to: 0 },
  yesterday: { text: 'Yesterday', from: 1, to: 1 },
  'last-7-days': { text: 'Last 7 days', from: 6, to: 0 },
} as const

type RecentDays = keyof typeof DAYS
export const RECENT_DAYS = Object.keys(DAYS) as RecentDays[]
export const labelOfDays = (days: RecentDays): string => DAYS[days].text

export type StudyDates =
  | { readonly kind: 'recent'; readonly days: RecentDays }
  /** YYYY-MM-DD, both included. */
  | { readonly kind: 'range'; readonly from: string; readonly to: string }

const DATE = /^\d{4}-\d{2}-\d{2}$/

/** For example `today`, or `2026-01-01..2026-01-31`. */
export const studyDateText = (dates: StudyDates): string =>
  dates.kind === 'recent' ? dates.days : `${dates.from}..${dates.to}`

export function parseStudyDate(text: string): StudyDates | undefined {
  const days = RECENT_DAYS.find((each) => each === text)
  if (days !== undefined) return { kind: 'recent', days }
  const [from = '', to = '', ...more] = text.split('..')
  const range = { kind: 'range', from, to } as const
  return more.length === 0 && rangeError(range) === undefined ? range : undefined
}

export function rangeError({ from, to }: { readonly from: string; readonly to: string }): string | undefined {
  const isDate = (text: string) => DATE.test(text) && isoDate(new Date(`${text}T12:00:00`)) === text
  if (!isDate(from)) return 'Choose a start date.'
  if (!isDate(to)) return 'Choose an end date.'
  return from > to ? 'The end date must not be before the start date.' : undefined
}

/** A range of DA (PS3.4 C.2.2.2.5.1). */
export function studyDateParameter(dates: StudyDates, now: Date): string {
  const [from, to] =
    dates.kind === 'range'
      ? [dates.from, dates.to]
      : [daysBefore(now, DAYS[dates.days].from), daysBefore(now, DAYS[dates.days].to)]
  return `${from}-${to}`.replace(/^(\d{4})-(\d\d)-(\d\d)-(\d{4})-(\d\d)-(\d\d)$/, '$1$2$3-$4$5$6')
}

const daysBefore = (now: Date, days: number): string =>
  isoDate(new Date(now.getFullYear(), now.getMonth(), now.getDate() - days, 12))

function isoDate(date: Date): string {
  const two = (number: number) => String(number).padStart(2, '0')
  return `${String(date.getFullYear()).padStart(4, '0')}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
}
