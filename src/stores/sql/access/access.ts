/** Principals, access keys and policies in SQL. Changes are rare: each locks the row `access_changes` first, and so they follow each other. */
import {
  type Access,
  type AttachedPolicy,
  callerIdOf,
  type NewAccessKey,
  type Principal,
  type PrincipalTags,
  type StoredPolicy,
} from '../../catalog/access-repository.ts'
import { all, one, run, type Sql, type Transactions } from '../engine/statement.ts'
import { insertRows } from '../rows/insert-rows.ts'
import type { RowOf } from '../rows/tables.ts'
import { deletePolicy, getPolicy, listPolicies, putPolicy } from './policies.ts'

export function accessOver(database: Transactions): Access {
  const change = <T>(transaction: () => Sql<T>): Promise<T> =>
    database.write(function* () {
      yield* run('UPDATE access_changes SET number = number + 1')
      return yield* transaction()
    })
  return {
    createPrincipal: (request) => change(() => createPrincipal(request)),
    listPrincipals: () => database.read(() => principals()),
    getPrincipal: (name) => database.read(() => getPrincipal(name)),
    setEnabled: (name, isEnabled) => change(() => setEnabled(name, isEnabled)),
    tagPrincipal: (name, tags, options) => change(() => tagPrincipal(name, tags, options)),
    untagPrincipal: (name, tagKeys) => change(() => untagPrincipal(name, tagKeys)),
    rotateKey: (name, request) => change(() => rotateKey(name, request)),
    attachPolicy: (name, policy, options) => change(() => attachPolicy(name, policy, options)),
    detachPolicy: (name, policyName) => change(() => detachPolicy(name, policyName)),
    deletePrincipal: (name) => change(() => deletePrincipal(name)),
    putPolicy: (policy: StoredPolicy, options) => change(() => putPolicy(policy, options)),
    listPolicies: () => database.read(listPolicies),
    getPolicy: (policyName) => database.read(() => getPolicy(policyName)),
    deletePolicy: (policyName) => change(() => deletePolicy(policyName)),
    endSessions: (callerId, endedAt) => change(() => endSessions(callerId, endedAt)),
    sessionsEndedAt: (callerId) => database.read(() => sessionsEndedAt(callerId)),
    changeNumber: () => database.read(changeNumber),
    findKey: (accessKeyId) => database.read(() => findKey(accessKeyId)),
  }
}

function* changeNumber(): Sql<number> {
  return (yield* one<{ number: number }>('SELECT number FROM access_changes'))!.number
}

function* endSessions(callerId: string, endedAt: number): Sql<void> {
  yield* insertRows('session_ends', [{ caller: callerId, ended_at: endedAt }], {
    onConflict: 'ON CONFLICT (caller) DO UPDATE SET ended_at = excluded.ended_at',
  })
}

function* sessionsEndedAt(callerId: string): Sql<{ readonly changeNumber: number; readonly endedAt: number }> {
  const number = yield* changeNumber()
  const row = yield* one<{ ended_at: number }>('SELECT ended_at FROM session_ends WHERE caller = ?', callerId)
  return { changeNumber: number, endedAt: row?.ended_at ?? 0 }
}

function* principalNumber(name: string): Sql<number | undefined> {
  const row = yield* one<{ principal: number }>('SELECT principal FROM principals WHERE principal_name = ?', name)
  return row?.principal
}

function* createPrincipal({
  name,
  key,
  policies,
  tags,
  principalsMax,
  managedNames,
}: Parameters<Access['createPrincipal']>[0]): Sql<Awaited<ReturnType<Access['createPrincipal']>>> {
  if ((yield* principalNumber(name)) !== undefined) return 'exists'
  const count = yield* one<{ count: number }>('SELECT count(*) AS count FROM principals')
  if (count!.count >= principalsMax) return 'too-many'
  for (const policy of policies) if (!(yield* isKnown(policy, managedNames))) return 'no-such-policy'
  const row = { principal_name: name, is_enabled: 1, created_at: key.createdAt, tags: JSON.stringify(tags) }
  const [made] = yield* insertRows('principals', [row], { returning: ['principal'] })
  yield* addKey(made!.principal, key)
  for (const policy of policies) yield* attach(made!.principal, policy)
  return 'created'
}

function* addKey(principal: number, { accessKeyId, sealedSecret, createdAt }: NewAccessKey): Sql<void> {
  const row = { access_key_id: accessKeyId, principal, sealed_secret: sealedSecret, created_at: createdAt }
  yield* insertRows('access_keys', [row])
}

function* attach(principal: number, { policyName, document }: AttachedPolicy): Sql<void> {
  yield* insertRows('attached_policies', [{ principal, policy_name: policyName, document: document ?? null }], {
    onConflict: 'ON CONFLICT (principal, policy_name) DO UPDATE SET document = excluded.document',
  })
}

function* isKnown({ policyName, document }: AttachedPolicy, managedNames: readonly string[]): Sql<boolean> {
  return document !== undefined || managedNames.includes(policyName) || (yield* getPolicy(policyName)) !== undefined
}

type PrincipalRow = RowOf<'principals'>

function* principals(): Sql<readonly Principal[]> {
  const rows = yield* all<PrincipalRow>('SELECT * FROM principals ORDER BY principal_name')
  const keys = yield* all<RowOf<'access_keys'>>(
    'SELECT principal, access_key_id, created_at, expires_at FROM access_keys ORDER BY created_at, access_key_id',
  )
  const attached = yield* all<RowOf<'attached_policies'>>('SELECT * FROM attached_policies ORDER BY policy_name')
  const keysOf = Map.groupBy(keys, (row) => row.principal)
  const policiesOf = Map.groupBy(attached, (row) => row.principal)
  return rows.map((row) => principalOf(row, keysOf.get(row.principal) ?? [], policiesOf.get(row.principal) ?? []))
}

function* getPrincipal(name: string): Sql<Principal | undefined> {
  const row = yield* one<PrincipalRow>('SELECT * FROM principals WHERE principal_name = ?', name)
  if (row === undefined) return undefined
  const keys = yield* all<RowOf<'access_keys'>>(
    'SELECT access_key_id, created_at, expires_at FROM access_keys WHERE principal = ? ORDER BY created_at, access_key_id',
    row.principal,
  )
  const attached = yield* all<RowOf<'attached_policies'>>(
    'SELECT * FROM attached_policies WHERE principal = ? ORDER BY policy_name',
    row.principal,
  )
  return principalOf(row, keys, attached)
}

const principalOf = (
  row: PrincipalRow,
  keys: readonly RowOf<'access_keys'>[],
  attached: readonly RowOf<'attached_policies'>[],
): Principal => ({
  name: row.principal_name,
  isEnabled: row.is_enabled === 1,
  createdAt: row.created_at,
  accessKeys: keys.map((key) => ({
    accessKeyId: key.access_key_id,
    createdAt: key.created_at,
    expiresAt: key.expires_at ?? undefined,
  })),
  policies: attached.map((each) => ({ policyName: each.policy_name, document: each.document ?? undefined })),
  tags: JSON.parse(row.tags) as PrincipalTags,
})

function* setEnabled(name: string, isEnabled: boolean): Sql<'changed' | 'absent'> {
  const text = 'UPDATE principals SET is_enabled = ? WHERE principal_name = ? RETURNING principal'
  return (yield* one(text, isEnabled ? 1 : 0, name)) === undefined ? 'absent' : 'changed'
}

function* tagPrincipal(
  name: string,
  tags: PrincipalTags,
  { tagsMax }: { readonly tagsMax: number },
): Sql<'tagged' | 'absent' | 'too-many'> {
  const found = yield* tagsOf(name)
  if (found === undefined) return 'absent'
  const all = { ...without(found, Object.keys(tags)), ...tags }
  if (Object.keys(all).length > tagsMax) return 'too-many'
  yield* setTags(name, all)
  return 'tagged'
}

function* untagPrincipal(name: string, tagKeys: readonly string[]): Sql<'untagged' | 'absent'> {
  const found = yield* tagsOf(name)
  if (found === undefined) return 'absent'
  yield* setTags(name, without(found, tagKeys))
  return 'untagged'
}

function* tagsOf(name: string): Sql<PrincipalTags | undefined> {
  const row = yield* one<{ tags: string }>('SELECT tags FROM principals WHERE principal_name = ?', name)
  return row && (JSON.parse(row.tags) as PrincipalTags)
}

function* setTags(name: string, tags: PrincipalTags): Sql<void> {
  yield* run('UPDATE principals SET tags = ? WHERE principal_name = ?', JSON.stringify(tags), name)
}

function without(tags: PrincipalTags, keys: readonly string[]): PrincipalTags {
  const removed = new Set(keys.map((key) => key.toLowerCase()))
  return Object.fromEntries(Object.entries(tags).filter(([key]) => !removed.has(key.toLowerCase())))
}

function* rotateKey(
  name: string,
  { key, otherKeysExpireAt }: Parameters<Access['rotateKey']>[1],
): Sql<'rotated' | 'absent'> {
  const principal = yield* principalNumber(name)
  if (principal === undefined) return 'absent'
  yield* run('DELETE FROM access_keys WHERE principal = ? AND expires_at <= ?', principal, key.createdAt)
  yield* run(
    'UPDATE access_keys SET expires_at = ? WHERE principal = ? AND (expires_at IS NULL OR expires_at > ?)',
    otherKeysExpireAt,
    principal,
    otherKeysExpireAt,
  )
  yield* addKey(principal, key)
  return 'rotated'
}

function* attachPolicy(
  name: string,
  policy: AttachedPolicy,
  { policiesMax, managedNames }: Parameters<Access['attachPolicy']>[2],
): Sql<Awaited<ReturnType<Access['attachPolicy']>>> {
  const principal = yield* principalNumber(name)
  if (principal === undefined) return 'absent'
  if (!(yield* isKnown(policy, managedNames))) return 'no-such-policy'
  const others = yield* one<{ count: number }>(
    'SELECT count(*) AS count FROM attached_policies WHERE principal = ? AND policy_name <> ?',
    principal,
    policy.policyName,
  )
  if (others!.count >= policiesMax) return 'too-many'
  yield* attach(principal, policy)
  return 'attached'
}

function* detachPolicy(name: string, policyName: string): Sql<'detached' | 'absent' | 'not-attached'> {
  const principal = yield* principalNumber(name)
  if (principal === undefined) return 'absent'
  const text = 'DELETE FROM attached_policies WHERE principal = ? AND policy_name = ? RETURNING principal'
  return (yield* one(text, principal, policyName)) === undefined ? 'not-attached' : 'detached'
}

function* deletePrincipal(name: string): Sql<'deleted' | 'absent'> {
  const principal = yield* principalNumber(name)
  if (principal === undefined) return 'absent'
  for (const table of ['attached_policies', 'access_keys', 'principals']) {
    yield* run(`DELETE FROM ${table} WHERE principal = ?`, principal)
  }
  yield* run('DELETE FROM session_ends WHERE caller = ?', callerIdOf(principal))
  return 'deleted'
}

function* findKey(accessKeyId: string): Sql<Awaited<ReturnType<Access['findKey']>>> {
  const number = yield* changeNumber()
  const row = yield* one<RowOf<'access_keys'> & PrincipalRow>(
    `SELECT access_keys.principal, sealed_secret, expires_at, principal_name, is_enabled, tags
     FROM access_keys JOIN principals ON principals.principal = access_keys.principal WHERE access_key_id = ?`,
    accessKeyId,
  )
  if (row === undefined) return { changeNumber: number, key: undefined }
  const attached = yield* all<{ policy_name: string; document: string | null }>(
    `SELECT attached_policies.policy_name, coalesce(attached_policies.document, policies.document) AS document
     FROM attached_policies LEFT JOIN policies ON policies.policy_name = attached_policies.policy_name
     WHERE principal = ? ORDER BY attached_policies.policy_name`,
    row.principal,
  )
  return {
    changeNumber: number,
    key: {
      sealedSecret: row.sealed_secret,
      expiresAt: row.expires_at ?? undefined,
      principalId: row.principal,
      name: row.principal_name,
      isEnabled: row.is_enabled === 1,
      policies: attached.map((each) => ({ policyName: each.policy_name, document: each.document ?? undefined })),
      tags: JSON.parse(row.tags) as PrincipalTags,
    },
  }
}
