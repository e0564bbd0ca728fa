/** Who signs requests: the owner, principals, and the sessions of both. */
import type { NewAccessKey } from '../../stores/catalog/access-repository.ts'
import { makeAccessKey } from './access-keys.ts'
import type { Caller, Credentials, SigningKey } from './caller.ts'
import { ownerKey } from './owner.ts'
import { openPrincipalKeys } from './principal-keys.ts'
import { sealFor } from './seal.ts'
import { expiredToken, openSessions, type Session } from './sessions.ts'

function unlessEnded(key: SigningKey, endedAt: number): SigningKey {
  if (key.caller.sessionStartedAt! < endedAt) throw expiredToken()
  return key
}

export interface Callers extends Credentials {
  /** A new key, and what the catalog keeps of it. */
  makeKey(): { readonly secretAccessKey: string; readonly stored: NewAccessKey }
  /** To be called after each change of principals and policies, so that this process, and the others of its server, read it at once. */
  refresh(): void | Promise<void>
  /** Short-lived credentials with the permissions of the caller. */
  startSession(caller: Caller): Session
}

export function openCallers(
  options: {
    readonly owner: { readonly accessKeyId: string; readonly secretAccessKey: string }
    readonly sealingKey: Uint8Array
    readonly limits: Parameters<typeof openSessions>[0]['limits'] & Parameters<typeof openPrincipalKeys>[0]['limits']
  } & Omit<Parameters<typeof openPrincipalKeys>[0], 'seal'>,
): Callers {
  const { clock, sealingKey, limits } = options
  const owner = ownerKey(options.owner, options)
  const seal = sealFor('access keys', sealingKey)
  const principals = openPrincipalKeys({ ...options, seal })
  const sessions = openSessions({ seal: sealFor('sessions', sealingKey), limits, clock })

  const permanent = (accessKeyId: string, lookUpAfterSeconds: number | undefined): ReturnType<Credentials['find']> =>
    accessKeyId === owner.caller.accessKeyId ? owner : principals.find(accessKeyId, lookUpAfterSeconds)

  return {
    find({ accessKeyId, sessionToken, lookUpAfterSeconds }) {
      // Some clients send a token beside a permanent key, which needs none.
      const session = sessionToken === undefined ? undefined : sessions.open({ accessKeyId, sessionToken })
      if (session === undefined) return permanent(accessKeyId, lookUpAfterSeconds)
      const behind = permanent(session.signInKeyId, lookUpAfterSeconds)
      return behind instanceof Promise ? behind.then((key) => key && inSession(key)) : behind && inSession(behind)

      function inSession({ caller }: SigningKey): SigningKey | Promise<SigningKey> {
        const { secretAccessKey, renewableUntil, startedAt } = session!
        const key = { secretAccessKey, caller: { ...caller, accessKeyId, renewableUntil, sessionStartedAt: startedAt } }
        const endedAt = principals.sessionsEndedAt(caller.id)
        return endedAt instanceof Promise ? endedAt.then((at) => unlessEnded(key, at)) : unlessEnded(key, endedAt)
      }
    },
    makeKey() {
      const { accessKeyId, secretAccessKey } = makeAccessKey()
      const sealedSecret = seal.close(secretAccessKey, accessKeyId)
      return { secretAccessKey, stored: { accessKeyId, sealedSecret, createdAt: clock() } }
    },
    refresh: () => principals.refresh(),
    startSession: (caller) => sessions.start(caller),
  }
}
