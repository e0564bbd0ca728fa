/** Wrapped data keys in SQL. */
import type { DataKeyRecord, DataKeyRecords, WrappedDataKey } from '../../catalog/data-key-repository.ts'
import { all, one, run, type Sql, type Transactions } from '../engine/statement.ts'
import { insertRows } from '../rows/insert-rows.ts'
import type { RowOf } from '../rows/tables.ts'

type DataKeyRow = RowOf<'data_keys'>

export const dataKeysOver = (database: Transactions): DataKeyRecords => ({
  get: (ownerId) => database.read(() => get(ownerId)),
  add: (owner) => database.write(() => addDataKey(owner)),
  // What it replaces is overwritten in the file.
  put: (key) => database.write(() => put(key), { secureDelete: true }),
  list: (keyArn) => database.read(() => list(keyArn)),
})

export function* addDataKey({ ownerId, keyArn }: { readonly ownerId: string; readonly keyArn: string }): Sql<void> {
  yield* insertRows('data_keys', [{ owner_id: ownerId, key_arn: keyArn }], { onConflict: 'ON CONFLICT DO NOTHING' })
}

/** Call it in a transaction with secureDelete. */
export const destroyDataKey = (ownerId: string, at: number): Sql<void> =>
  run('UPDATE data_keys SET wrapped = NULL, destroyed_at = ? WHERE owner_id = ?', at, ownerId)

function* get(ownerId: string): Sql<DataKeyRecord | undefined> {
  const row = yield* one<DataKeyRow>('SELECT key_arn, wrapped, destroyed_at FROM data_keys WHERE owner_id = ?', ownerId)
  return row && { keyArn: row.key_arn, wrapped: row.wrapped ?? undefined, isDestroyed: row.destroyed_at !== null }
}

function* put({ ownerId, wrapped, replaces }: Parameters<DataKeyRecords['put']>[0]): Sql<DataKeyRecord | undefined> {
  yield* run(
    `UPDATE data_keys SET wrapped = ? WHERE owner_id = ? AND destroyed_at IS NULL
     AND ${replaces === undefined ? 'wrapped IS NULL' : 'wrapped = ?'}`,
    ...[wrapped, ownerId, ...(replaces === undefined ? [] : [replaces])],
  )
  return yield* get(ownerId)
}

function* list(keyArn: string): Sql<readonly WrappedDataKey[]> {
  const rows = yield* all<{ owner_id: string; wrapped: Uint8Array }>(
    'SELECT owner_id, wrapped FROM data_keys WHERE key_arn = ? AND wrapped IS NOT NULL ORDER BY owner_id',
    keyArn,
  )
  return rows.map(({ owner_id, wrapped }) => ({ ownerId: owner_id, wrapped }))
}
