/**
 * One-time links into the console: within a few minutes, a token can be exchanged once for an access key. Only hashes of tokens are kept,
 * in memory.
 */
import { hash, randomBytes } from 'node:crypto'
import type { Limits } from '../../limits.ts'

interface ConsoleLink {
  /** 256 random bits in base64url. */
  readonly token: string
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

export interface ConsoleLinks {
  make(accessKeyId: string, now: number): ConsoleLink
  /** The access key id; undefined for a token that is unknown, used or expired. */
  redeem(token: string, now: number): string | undefined
}

export function createConsoleLinks(limits: Pick<Limits, 'consoleLinkMs' | 'consoleLinks'>): ConsoleLinks {
  const open = new Map<string, { readonly accessKeyId: string; readonly expiresAt: number }>()
  return {
    make(accessKeyId, now) {
      const token = randomBytes(32).toString('base64url')
      const expiresAt = now + limits.consoleLinkMs
      open.set(hash('sha256', token), { accessKeyId, expiresAt })
      // Beyond the limit the oldest links are removed; a user can make another.
      for (const [key, link] of open) if (link.expiresAt <= now || open.size > limits.consoleLinks) open.delete(key)
      return { token, expiresAt }
    },
    redeem(token, now) {
      const key = hash('sha256', token)
      const link = open.get(key)
      open.delete(key)
      return link !== undefined && link.expiresAt > now ? link.accessKeyId : undefined
    },
  }
}
