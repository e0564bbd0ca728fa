/** Formats DICOM values. */

/** DA (PS3.5 6.2): YYYYMMDD, as the language of the browser has it. Other values are returned unchanged. */
export const formatDate = (date: string): string => formatLocalDate(date)

/** TM (PS3.5 6.2): HHMMSS.FFFFFF, to the minute, as the language of the browser has it. */
export function formatTimeOfDay(time: string): string {
  const [, hours, minutes] = /^(\d{2})(\d{2})/.exec(time) ?? []
  return hours === undefined ? time : TIME_OF_DAY.format(new Date(Date.UTC(2000, 0, 1, Number(hours), Number(minutes))))
}

/**
 * DA and TM as the language of the browser has them: `Jan 15, 2026, 9:30 AM`. They have no time zone. Values of another form are returned
 * unchanged.
 */
export function formatLocalDate(date: string, time = ''): string {
  const [, year, month, day] = /^(\d{4})(\d{2})(\d{2})$/.exec(date) ?? []
  if (year === undefined) return [date, formatTimeOfDay(time)].filter(Boolean).join(' ')
  const [, hours, minutes] = /^(\d{2})(\d{2})/.exec(time) ?? []
  const at = new Date(Date.UTC(Number(year), Number(month) - 1, Number(day), Number(hours ?? 0), Number(minutes ?? 0)))
  return hours === undefined ? DAY.format(at) : DAY_AND_TIME.format(at)
}

/** DA and TM as ISO 8601 has them, for programs: `2026-01-15T09:30:00`. Values of another form are returned unchanged. */
export function formatIsoDate(date = '', time = ''): string {
  const [, hours, minutes, seconds = '00'] = /^(\d{2})(\d{2})(\d{2})?/.exec(time) ?? []
  const day = date.replace(/^(\d{4})(\d{2})(\d{2})$/, '$1-$2-$3')
  return hours === undefined || day === '' ? day : `${day}T${hours}:${minutes}:${seconds}`
}

const DAY = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeZone: 'UTC' })
const TIME_OF_DAY = new Intl.DateTimeFormat(undefined, { timeStyle: 'short', timeZone: 'UTC' })
const DAY_AND_TIME = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' })

/** PN (PS3.5 6.2.1.1): up to three groups of family^given^middle^prefix^suffix. The third, phonetic group is left out. */
export function formatPersonName(name: string): string {
  const [alphabetic = [], ideographic = []] = name.split('=').map((group) => group.split('^'))
  const latin = [alphabetic[0], alphabetic.slice(1, 3).filter(Boolean).join(' ')].filter(Boolean).join(', ')
  return [latin, ideographic.filter(Boolean).join(' ')].filter(Boolean).join('  ')
}
