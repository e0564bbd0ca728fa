/**
 * The clock of PostgreSQL, which all servers of a catalog share: leases, expiries and times of image sets are by it, and a machine whose clock
 * is wrong changes none of them. It is asked at the start and now and then; between, the monotonic clock of this process counts on.
 */

const ASKED_EVERY_MS = 30_000
/** An answer that took longer says too little about now. */
const ROUND_TRIP_MS = 500

interface PostgresClock {
  now(): number
  stop(): void
}

/** In milliseconds since 1970, as text. */
export const ASK_CLOCK = 'SELECT floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint AS now'

/** @param ask the time of the database. @throws what the first call throws */
export async function startPostgresClock(ask: () => Promise<number>): Promise<PostgresClock> {
  /** What is added to the monotonic clock. */
  let offsetMs = 0

  async function measure(longestMs: number): Promise<void> {
    const asked = performance.now()
    const now = await ask()
    const tookMs = performance.now() - asked
    if (tookMs <= longestMs) offsetMs = now - asked - tookMs / 2
  }
  await measure(Infinity)
  // While the database is away, the monotonic clock goes on.
  const asking = setInterval(() => void measure(ROUND_TRIP_MS).catch(() => {}), ASKED_EVERY_MS).unref()
  return {
    now: () => Math.round(performance.now() + offsetMs),
    stop: () => clearInterval(asking),
  }
}
