/**
 * One-time links into the console: a token stands for an access key for a few minutes, and is exchanged for it once. Only hashes of
 * tokens are kept, in the memory of this process.
 */
import { hash, randomBytes } from 'node:crypto'
import type { Limits } from '../../limits.ts'

interface ConsoleLink {
  /** 256 random bits in base64url: nothing that can be guessed or must be escaped. */
  readonly token: string
  /** Milliseconds since 1970. */
  readonly expiresAt: number
}

export interface ConsoleLinks {
  make(accessKeyId: string, now: number): ConsoleLink
  /** The access key's id; undefined for a token that was never given, was used before or is too old. */
  redeem(token: string, now: number): string | undefined
}

export function createConsoleLinks(limits: Pick<Limits, 'consoleLinkMs' | 'consoleLinks'>): ConsoleLinks {
  const open = new Map<string, { readonly accessKeyId: string; readonly expiresAt: number }>()
  return {
    make(accessKeyId, now) {
      const token = randomBytes(32).toString('base64url')
      const expiresAt = now + limits.consoleLinkMs
      open.set(hash('sha256', token), { accessKeyId, expiresAt })
      // The oldest make way: each of them can be made anew.
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
