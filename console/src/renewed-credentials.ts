/** The current credentials of this tab: an access key as it is, session credentials renewed before they expire, by one of the tabs. */
import type { AccessKey } from './session.ts'

/** Renewed when less of their hour is left, so that a request never waits for an expired session. */
const RENEW_BEFORE_SECONDS = 30 * 60
/** The tabs renew at different times within these: the first one gives its renewal to the others. */
const RENEW_LATER_SECONDS_MAX = 5 * 60
/** A renewal that failed, because the server restarts for example, is tried again. */
const RETRY_MS = 30_000

interface RenewedCredentials {
  /** Never waits where the current ones are valid for long enough. */
  get(): Promise<AccessKey>
  /** Renews them while the tab sends no requests, too. */
  start(): () => void
}

interface RenewalOptions {
  /** The newest credentials that this tab knows. */
  readonly latest: () => AccessKey
  /** Signs with the current credentials. Throws if the server refuses. */
  readonly renew: (current: AccessKey) => Promise<AccessKey>
  readonly onRenewed: (next: AccessKey) => void
  /** Calls the function while no other tab renews, after the renewals of other tabs have arrived. */
  readonly inTurn: (renewal: () => Promise<void>) => Promise<void>
  /** Milliseconds since 1970. */
  readonly now: () => number
  /** From 0 to 1. */
  readonly random?: () => number
}

export function renewedCredentials(options: RenewalOptions): RenewedCredentials {
  const { latest, renew, onRenewed, inTurn, now, random = Math.random } = options
  const renewBeforeSeconds = RENEW_BEFORE_SECONDS - random() * RENEW_LATER_SECONDS_MAX
  let renewing: Promise<void> | undefined
  let failedAt = Number.NEGATIVE_INFINITY

  function isDue(): boolean {
    const { expiresAt } = latest()
    return expiresAt !== undefined && expiresAt - now() / 1000 < renewBeforeSeconds && now() - failedAt >= RETRY_MS
  }

  async function renewNow(): Promise<void> {
    try {
      await inTurn(async () => {
        if (isDue()) onRenewed(await renew(latest()))
      })
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
    return latest()
  }

  return {
    get,
    start() {
      const timer = setInterval(() => void get(), 60_000)
      return () => clearInterval(timer)
    },
  }
}
