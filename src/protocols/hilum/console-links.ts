/**
 * One-time links into the console: within a few minutes, a token can be exchanged once for a session. Only hashes of tokens are kept, in
 * memory.
 */
import { hash, randomBytes } from 'node:crypto'
import type { Limits } from '../../limits.ts'
import type { Caller } from '../../security/callers/caller.ts'

interface ConsoleLink {
  /** 256 random bits in base64url. */
  readonly token: string
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

/** Who requested a link: the session has their permissions. */
type Requester = Pick<Caller, 'signInKeyId' | 'renewableUntil'>

export interface ConsoleLinks {
  make(requester: Requester, now: number): ConsoleLink
  /** Undefined for a token that is unknown, used or expired. */
  redeem(token: string, now: number): Requester | undefined
}

export function createConsoleLinks(limits: Pick<Limits, 'consoleLinkMs' | 'consoleLinks'>): ConsoleLinks {
  const open = new Map<string, { readonly requester: Requester; readonly expiresAt: number }>()
  return {
    make({ signInKeyId, renewableUntil }, now) {
      const token = randomBytes(32).toString('base64url')
      const expiresAt = now + limits.consoleLinkMs
      open.set(hash('sha256', token), { requester: { signInKeyId, renewableUntil }, expiresAt })
      // Beyond the limit the oldest links are removed; a user can make another.
      for (const [key, link] of open) if (link.expiresAt <= now || open.size > limits.consoleLinks) open.delete(key)
      return { token, expiresAt }
    },
    redeem(token, now) {
      const key = hash('sha256', token)
      const link = open.get(key)
      open.delete(key)
      return link !== undefined && link.expiresAt > now ? link.requester : undefined
    },
  }
}
