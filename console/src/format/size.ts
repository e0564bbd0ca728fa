/** Formats sizes, counts and measured numbers in the language of the browser. */

const UNITS = ['bytes', 'KB', 'MB', 'GB', 'TB']

export function formatBytes(bytes: number): string {
  let amount = bytes
  let unit = 0
  for (; amount >= 1_000 && unit < UNITS.length - 1; unit++) amount /= 1_000
  return `${formatFixed(amount, unit === 0 || amount >= 100 ? 0 : 1)} ${UNITS[unit]}`
}

export const formatNumber = (number: number): string => number.toLocaleString()

/** With exactly so many digits after the decimal sign. Long numbers have no groups, as values of pixels are written. */
export const formatFixed = (number: number, digits: 0 | 1): string => FIXED[digits].format(number)

const fixed = (digits: number) =>
  new Intl.NumberFormat(undefined, {
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
    useGrouping: false,
  })
const FIXED = [fixed(0), fixed(1)] as const

/** With up to so many digits after the decimal sign. */
export const formatUpTo = (number: number, digits: number): string =>
  number.toLocaleString(undefined, { maximumFractionDigits: digits, useGrouping: false })

/** `1 file`, `2,000 files`. */
export const formatCount = (count: number, noun: string): string =>
  `${formatNumber(count)} ${noun}${count === 1 ? '' : 's'}`
