/** Policies that are kept by their name, in SQL. */
import type { StoredPolicy } from '../../catalog/access-repository.ts'
import { all, one, type Sql } from '../engine/statement.ts'
import { insertRows } from '../rows/insert-rows.ts'
import type { RowOf } from '../rows/tables.ts'

export function* putPolicy(
  { policyName, document, updatedAt }: StoredPolicy,
  { policiesMax }: { readonly policiesMax: number },
): Sql<'stored' | 'too-many'> {
  const others = yield* one<{ count: number }>(
    'SELECT count(*) AS count FROM policies WHERE policy_name <> ?',
    policyName,
  )
  if (others!.count >= policiesMax) return 'too-many'
  yield* insertRows('policies', [{ policy_name: policyName, document, updated_at: updatedAt }], {
    onConflict:
      'ON CONFLICT (policy_name) DO UPDATE SET document = excluded.document, updated_at = excluded.updated_at',
  })
  return 'stored'
}

export function* listPolicies(): Sql<readonly StoredPolicy[]> {
  return (yield* all<RowOf<'policies'>>('SELECT * FROM policies ORDER BY policy_name')).map(policyOf)
}

export function* getPolicy(policyName: string): Sql<StoredPolicy | undefined> {
  const row = yield* one<RowOf<'policies'>>('SELECT * FROM policies WHERE policy_name = ?', policyName)
  return row && policyOf(row)
}

/** A policy that is attached would leave a principal with less, or without a Deny. */
export function* deletePolicy(policyName: string): Sql<'deleted' | 'absent' | 'attached'> {
  const text = 'SELECT 1 AS found FROM attached_policies WHERE policy_name = ? AND document IS NULL LIMIT 1'
  if (yield* one(text, policyName)) return 'attached'
  const deleted = yield* one('DELETE FROM policies WHERE policy_name = ? RETURNING policy_name', policyName)
  return deleted === undefined ? 'absent' : 'deleted'
}

const policyOf = (row: RowOf<'policies'>): StoredPolicy => ({
  policyName: row.policy_name,
  document: row.document,
  updatedAt: row.updated_at,
})
