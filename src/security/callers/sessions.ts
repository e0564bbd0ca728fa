/**
 * Short-lived credentials. The session token carries everything, sealed, so that any process with the sealing key can verify it and none keeps
 * it. A session ends with the access key that it was started with: when that is rotated or deleted, or its principal disabled; and when the
 * sessions of its caller were ended after it started.
 */
import { ContractError } from '../../contract/errors.ts'
import type { Limits } from '../../limits.ts'
import { makeAccessKey } from './access-keys.ts'
import type { Caller } from './caller.ts'
import type { Seal } from './seal.ts'

export interface Session {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
  /** Milliseconds since 1970. */
  readonly expiresAt: number
  /** Whose permissions they have. */
  readonly principalArn: string
}

interface OpenSession {
  readonly secretAccessKey: string
  readonly signInKeyId: string
  readonly renewableUntil: number
  readonly startedAt: number
}

interface Sessions {
  start(caller: Caller): Session
  /** Undefined for a token that is none, or of another access key. @throws ContractError for an expired one */
  open(claim: { readonly accessKeyId: string; readonly sessionToken: string }): OpenSession | undefined
}

/** Longer ones are no tokens of Hilum. */
const TOKEN_CHARACTERS_MAX = 1_024

export function openSessions({
  seal,
  limits,
  clock,
}: {
  readonly seal: Seal
  readonly limits: Pick<Limits, 'sessionMs' | 'sessionRenewableMs' | 'signingKeysKept'>
  readonly clock: () => number
}): Sessions {
  /** Opening a token costs more than the rest of the authorization. */
  const opened = new Map<string, OpenSession & { readonly accessKeyId: string; readonly expiresAt: number }>()

  function openToken(accessKeyId: string, sessionToken: string) {
    const known = opened.get(sessionToken)
    if (known?.accessKeyId === accessKeyId) return known
    if (sessionToken.length > TOKEN_CHARACTERS_MAX) return undefined
    const content = seal.open(Buffer.from(sessionToken, 'base64url'), accessKeyId)
    if (content === undefined) return undefined
    const [secretAccessKey, signInKeyId, expiresAt, renewableUntil, startedAt] = JSON.parse(content) as [
      string,
      string,
      number,
      number,
      number,
    ]
    const session = { accessKeyId, secretAccessKey, signInKeyId, expiresAt, renewableUntil, startedAt }
    opened.set(sessionToken, session)
    for (const oldest of opened.keys()) {
      if (opened.size <= limits.signingKeysKept) break
      opened.delete(oldest)
    }
    return session
  }

  return {
    start({ arn, signInKeyId, sessionStartedAt = clock(), renewableUntil = clock() + limits.sessionRenewableMs }) {
      const { accessKeyId, secretAccessKey } = makeAccessKey()
      const expiresAt = Math.min(clock() + limits.sessionMs, renewableUntil)
      const content = JSON.stringify([secretAccessKey, signInKeyId, expiresAt, renewableUntil, sessionStartedAt])
      const sessionToken = seal.close(content, accessKeyId).toString('base64url')
      return { accessKeyId, secretAccessKey, sessionToken, expiresAt, principalArn: arn }
    },
    open({ accessKeyId, sessionToken }) {
      const session = openToken(accessKeyId, sessionToken)
      if (session === undefined) return undefined
      if (clock() >= session.expiresAt) throw expiredToken()
      return session
    },
  }
}

export const expiredToken = (): ContractError =>
  new ContractError('ExpiredTokenException', 'The security token included in the request is expired')
