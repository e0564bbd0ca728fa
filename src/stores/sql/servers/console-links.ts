/** One-time links into the console in SQL. */
import type { ConsoleLinkRecord, ConsoleLinkRecords } from '../../catalog/console-link-repository.ts'
import { one, run, type Sql, type Transactions } from '../engine/statement.ts'
import { insertRows } from '../rows/insert-rows.ts'
import type { RowOf } from '../rows/tables.ts'

export const consoleLinksOver = (database: Transactions): ConsoleLinkRecords => ({
  add: (link, options) => database.write(() => add(link, options)),
  take: (tokenDigest, from) => database.write(() => take(tokenDigest, from)),
})

function* add(
  { tokenDigest, signInKeyId, renewableUntil, isLocal, expiresAt }: ConsoleLinkRecord,
  { at, linksMax }: Parameters<ConsoleLinkRecords['add']>[1],
): Sql<void> {
  yield* insertRows('console_links', [
    {
      ...{ token_digest: tokenDigest, sign_in_key_id: signInKeyId, renewable_until: renewableUntil ?? null },
      ...{ is_local: isLocal ? 1 : 0, expires_at: expiresAt },
    },
  ])
  yield* run(
    `DELETE FROM console_links WHERE expires_at <= ? OR token_digest NOT IN (
       SELECT token_digest FROM console_links ORDER BY expires_at DESC, token_digest LIMIT ?
     )`,
    ...[at, linksMax],
  )
}

function* take(
  tokenDigest: string,
  { at, isLocal }: Parameters<ConsoleLinkRecords['take']>[1],
): Sql<ConsoleLinkRecord | undefined> {
  const taken = yield* one<RowOf<'console_links'>>(
    `DELETE FROM console_links WHERE token_digest = ? AND is_local = ?
     RETURNING token_digest, sign_in_key_id, renewable_until, is_local, expires_at`,
    ...[tokenDigest, isLocal ? 1 : 0],
  )
  if (taken === undefined || taken.expires_at <= at) return undefined
  return {
    ...{ tokenDigest, signInKeyId: taken.sign_in_key_id, renewableUntil: taken.renewable_until ?? undefined },
    ...{ isLocal, expiresAt: taken.expires_at },
  }
}
