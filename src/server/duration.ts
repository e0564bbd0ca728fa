/** A time on the command line and in settings: 30m, 24h or 7d. */
import { OperatorError } from './operator-error.ts'

const UNITS_MS: Readonly<Record<string, number>> = { m: 60_000, h: 3_600_000, d: 86_400_000 }
/** The longest time of a timer is some days less than 25. */
const DURATION_MAX_MS = 24 * 86_400_000

/** In milliseconds; undefined if it is none. */
export function durationOf(text: string): number | undefined {
  const [, amount = '', unit = ''] = /^(\d{1,6})([mhd])$/.exec(text) ?? []
  const ms = Number(amount) * (UNITS_MS[unit] ?? 0)
  return ms > 0 && ms <= DURATION_MAX_MS ? ms : undefined
}

/** In milliseconds. @throws OperatorError */
export function parseDuration(flag: string, text: string): number {
  const ms = durationOf(text)
  if (ms !== undefined) return ms
  throw new OperatorError(`${flag} must be a time such as 30m, 24h or 7d, of at most 24 days, not '${text}'.`, {
    exitCode: 2,
  })
}
