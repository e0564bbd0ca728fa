/** Client tokens: a request that is sent twice is carried out once. */
import type { ClientTokenUse } from '../../catalog/datastore-repository.ts'
import { one, run, type Sql } from '../engine/statement.ts'

/** The resource of the first request with the token. @returns undefined for a token that is new or no longer remembered */
export function* earlierUse(
  scope: string,
  token: ClientTokenUse,
): Sql<{ readonly resourceId: string } | 'token-conflict' | undefined> {
  const use = yield* one<{ fingerprint: string; resource_id: string }>(
    'SELECT fingerprint, resource_id FROM client_tokens WHERE scope = ? AND client_token = ? AND used_at >= ?',
    scope,
    token.clientToken,
    token.usedSince,
  )
  if (use === undefined) return undefined
  return use.fingerprint === token.fingerprint ? { resourceId: use.resource_id } : 'token-conflict'
}

export function* rememberUse(
  scope: string,
  token: ClientTokenUse,
  made: { readonly resourceId: string; readonly at: number },
): Sql<void> {
  yield* run('DELETE FROM client_tokens WHERE used_at < ?', token.usedSince)
  yield* run(
    'INSERT INTO client_tokens (scope, client_token, fingerprint, resource_id, used_at) VALUES (?, ?, ?, ?, ?)',
    scope,
    token.clientToken,
    token.fingerprint,
    made.resourceId,
    made.at,
  )
}
