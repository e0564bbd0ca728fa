/** A server clock that a test sets, so that times of creation and update are exact and a day passes at once. */
import type { HilumOptions } from './hilum.ts'

export interface MovableClock {
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** To an ISO 8601 timestamp. */
  set(moment: string): void
  advance(ms: number): void
  /** For `openHilum`. Clients still sign with the real time, so the server must accept any clock skew. */
  readonly options: Pick<HilumOptions, 'clock' | 'limits'>
}

export const DAY_MS = 24 * 3_600_000

export function movableClock(start: string): MovableClock {
  let ms = Date.parse(start)
  const now = () => ms
  return {
    now,
    set(moment) {
      ms = Date.parse(moment)
    },
    advance(by) {
      ms += by
    },
    options: { clock: now, limits: { clockSkewMs: Number.MAX_SAFE_INTEGER } },
  }
}
