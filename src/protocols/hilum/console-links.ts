/**
 * One-time links into the console: within a few minutes, a token can be exchanged once for a session. Only hashes of tokens are kept, in
 * memory.
 */
import { hash, randomBytes } from 'node:crypto'
import type { ConsoleLinks, LinkRequester } from '../../app.ts'
import type { Limits } from '../../limits.ts'

export function createConsoleLinks(limits: Pick<Limits, 'consoleLinkMs' | 'consoleLinks'>): ConsoleLinks {
  const open = new Map<string, { readonly requester: LinkRequester; readonly expiresAt: number }>()
  return {
    async make({ signInKeyId, renewableUntil }, now) {
      const token = randomBytes(32).toString('base64url')
      const expiresAt = now + limits.consoleLinkMs
      open.set(hash('sha256', token), { requester: { signInKeyId, renewableUntil }, expiresAt })
      // Beyond the limit the oldest links are removed; a user can make another.
      for (const [key, link] of open) if (link.expiresAt <= now || open.size > limits.consoleLinks) open.delete(key)
      return { token, expiresAt }
    },
    async redeem(token, now) {
      const key = hash('sha256', token)
      const link = open.get(key)
      open.delete(key)
      return link !== undefined && link.expiresAt > now ? link.requester : undefined
    },
  }
}
