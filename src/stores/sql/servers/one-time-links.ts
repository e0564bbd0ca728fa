/** One-time links in SQL. */
import type { OneTimeLinkRecord, OneTimeLinkRecords } from '../../catalog/one-time-link-repository.ts'
import { one, run, type Sql, type Transactions } from '../engine/statement.ts'
import { insertRows } from '../rows/insert-rows.ts'
import type { RowOf } from '../rows/tables.ts'

export const oneTimeLinksOver = (database: Transactions): OneTimeLinkRecords => ({
  add: (link, options) => database.write(() => add(link, options)),
  take: (link, from) => database.write(() => take(link, from)),
})

function* add(
  { tokenDigest, kind, subject, isLocal, expiresAt }: OneTimeLinkRecord,
  { at, linksMax }: Parameters<OneTimeLinkRecords['add']>[1],
): Sql<void> {
  yield* insertRows('one_time_links', [
    { token_digest: tokenDigest, kind, subject, is_local: isLocal ? 1 : 0, expires_at: expiresAt },
  ])
  yield* run(
    `DELETE FROM one_time_links WHERE expires_at <= ? OR (kind = ? AND token_digest NOT IN (
       SELECT token_digest FROM one_time_links WHERE kind = ? ORDER BY expires_at DESC, token_digest LIMIT ?
     ))`,
    ...[at, kind, kind, linksMax],
  )
}

function* take(
  { tokenDigest, kind }: Parameters<OneTimeLinkRecords['take']>[0],
  { at, isLocal }: Parameters<OneTimeLinkRecords['take']>[1],
): Sql<OneTimeLinkRecord | undefined> {
  const taken = yield* one<Pick<RowOf<'one_time_links'>, 'subject' | 'is_local' | 'expires_at'>>(
    `DELETE FROM one_time_links WHERE token_digest = ? AND kind = ? AND is_local <= ?
     RETURNING subject, is_local, expires_at`,
    ...[tokenDigest, kind, isLocal ? 1 : 0],
  )
  if (taken === undefined || taken.expires_at <= at) return undefined
  const { subject, is_local, expires_at: expiresAt } = taken
  return { tokenDigest, kind, subject, isLocal: is_local === 1, expiresAt }
}
