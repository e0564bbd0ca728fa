/**
 * One-time links: within some time, a token can be exchanged once for what the link was made for. Only hashes of tokens are kept, in
 * memory.
 */
import { hash, randomBytes } from 'node:crypto'
import type { OneTimeLinks, SharedLinks } from '../../app.ts'
import type { Limits } from '../../limits.ts'

/** @param limits.links at the same time */
export function createOneTimeLinks<Subject>(limits: {
  readonly validMs: number
  readonly links: number
}): OneTimeLinks<Subject> {
  const open = new Map<string, { readonly subject: Subject; readonly expiresAt: number }>()
  return {
    async make(subject, now) {
      const token = randomBytes(32).toString('base64url')
      const expiresAt = now + limits.validMs
      open.set(hash('sha256', token), { subject, expiresAt })
      // Beyond the limit the oldest links are removed; a user can make another.
      for (const [key, link] of open) if (link.expiresAt <= now || open.size > limits.links) open.delete(key)
      return { token, expiresAt }
    },
    async redeem(token, now) {
      const key = hash('sha256', token)
      const link = open.get(key)
      open.delete(key)
      return link !== undefined && link.expiresAt > now ? link.subject : undefined
    },
  }
}

/** Those of a server, which all its processes share. */
export function createLinks(
  limits: Pick<Limits, 'consoleLinkMs' | 'consoleLinks' | 'downloadLinkMs' | 'downloadLinks'>,
): SharedLinks {
  return {
    consoleLinks: createOneTimeLinks({ validMs: limits.consoleLinkMs, links: limits.consoleLinks }),
    downloadLinks: createOneTimeLinks({ validMs: limits.downloadLinkMs, links: limits.downloadLinks }),
  }
}
