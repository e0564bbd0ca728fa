/** The current credentials of this tab: an access key as it is, session credentials renewed before they expire. */
import type { AccessKey } from './session.ts'

/** Renewed when less of their hour is left, so that a request never waits for an expired session. */
const RENEW_BEFORE_SECONDS = 30 * 60
/** A renewal that failed, because the server restarts for example, is tried again. */
const RETRY_MS = 30_000

interface RenewedCredentials {
  /** Never waits where the current ones are valid for long enough. */
  get(): Promise<AccessKey>
  /** Renews them while the tab sends no requests, too. */
  start(): () => void
}

export function renewedCredentials(
  first: AccessKey,
  {
    renew,
    onRenewed,
    now,
  }: {
    /** Signs with the current credentials. Throws if the server refuses. */
    readonly renew: (current: AccessKey) => Promise<AccessKey>
    readonly onRenewed: (next: AccessKey) => void
    /** Milliseconds since 1970. */
    readonly now: () => number
  },
): RenewedCredentials {
  let current = first
  let renewing: Promise<void> | undefined
  let failedAt = Number.NEGATIVE_INFINITY
  let isStopped = false

  const isDue = () =>
    current.expiresAt !== undefined &&
    current.expiresAt - now() / 1000 < RENEW_BEFORE_SECONDS &&
    now() - failedAt >= RETRY_MS

  async function renewNow(): Promise<void> {
    try {
      const next = await renew(current)
      if (isStopped) return
      current = next
      onRenewed(next)
    } catch {
      // The current ones work until they expire. After that the server's answer says so.
      failedAt = now()
    } finally {
      renewing = undefined
    }
  }

  async function get(): Promise<AccessKey> {
    if (isDue()) {
      renewing ??= renewNow()
      await renewing
    }
    return current
  }

  return {
    get,
    start() {
      const timer = setInterval(() => void get(), 60_000)
      return () => {
        isStopped = true
        clearInterval(timer)
      }
    },
  }
}
