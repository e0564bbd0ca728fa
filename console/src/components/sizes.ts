/** Amounts of bytes and of things as a person reads them. */

const UNITS = ['bytes', 'KB', 'MB', 'GB', 'TB']

export function sizeText(bytes: number): string {
  let amount = bytes
  let unit = 0
  for (; amount >= 1_000 && unit < UNITS.length - 1; unit++) amount /= 1_000
  return `${unit === 0 || amount >= 100 ? Math.round(amount) : amount.toFixed(1)} ${UNITS[unit]}`
}

export const plural = (count: number, noun: string): string =>
  `${count.toLocaleString('en-US')} ${noun}${count === 1 ? '' : 's'}`
