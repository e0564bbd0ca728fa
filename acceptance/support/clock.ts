/** A server's clock that a test moves by hand: times of creation and update become exact, and a day passes at once. */
import type { HilumOptions } from './hilum.ts'

export interface MovableClock {
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** To an ISO 8601 moment. */
  set(moment: string): void
  advance(ms: number): void
  /** For `openHilum`. Clients go on signing by the real time, so the server must not mind how far it is from its own. */
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
