/** Formats sizes and counts. */

const UNITS = ['bytes', 'KB', 'MB', 'GB', 'TB']

export function formatBytes(bytes: number): string {
  let amount = bytes
  let unit = 0
  for (; amount >= 1_000 && unit < UNITS.length - 1; unit++) amount /= 1_000
  return `${unit === 0 || amount >= 100 ? Math.round(amount) : amount.toFixed(1)} ${UNITS[unit]}`
}

export const formatNumber = (number: number): string => number.toLocaleString()

/** `1 file`, `2,000 files`. */
export const formatCount = (count: number, noun: string): string =>
  `${formatNumber(count)} ${noun}${count === 1 ? '' : 's'}`
