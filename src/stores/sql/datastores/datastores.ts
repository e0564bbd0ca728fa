/** Data stores in SQL, from CREATING to DELETED, and the number by which other tables refer to one. */
import type {
  CreateDatastoreOutcome,
  Datastore,
  Datastores,
  DeleteDatastoreOutcome,
} from '../../catalog/datastore-repository.ts'
import { addDataKey, destroyDataKey } from '../data-keys/data-keys.ts'
import { LOCKED } from '../engine/differences.ts'
import { all, one, run, type Sql, type SqlValue, type Transactions } from '../engine/statement.ts'
import { insertRows } from '../rows/insert-rows.ts'
import type { RowOf } from '../rows/tables.ts'
import { earlierUse, rememberUse } from './client-tokens.ts'
import { lockCreations } from './lock-creations.ts'
import { lockedBy, putTags, removeTags } from './tags.ts'

const TOKEN_SCOPE = 'datastores'

type DatastoreRow = Omit<RowOf<'datastores'>, 'datastore' | 'partitions'>

const SELECT = `SELECT datastore_id, datastore_name, datastore_status, kms_key_arn, lambda_authorizer_arn, lossless_storage_format,
  created_at, updated_at FROM datastores`
/** updated_at of a deleted data store is when it was deleted. */
const STILL_SHOWN = `(datastore_status <> 'DELETED' OR updated_at > ?)`

export function datastoresOver(database: Transactions): Datastores {
  return {
    create: (request) => database.write(() => create(request)),
    get: async (datastoreId, { deletedSince }) => database.readOne(() => get(datastoreId, deletedSince)),
    list: (request) => database.read(() => list(request)),
    settle: (datastoreId, at) => database.write(() => settle(datastoreId, at)),
    unsettled: () => database.read(unsettled),
    // With secureDelete, so that the data key leaves nothing in the file.
    beginDelete: (datastoreId, at) => database.write(() => beginDelete(datastoreId, at), { secureDelete: true }),
  }
}

function* create({
  datastore,
  tags,
  token,
  activeMax,
  dataKeyArn,
  partitions = 1,
}: Parameters<Datastores['create']>[0]): Sql<CreateDatastoreOutcome> {
  yield* lockCreations()
  const earlier = yield* earlierUse(TOKEN_SCOPE, token)
  if (earlier === 'token-conflict') return { outcome: earlier }
  if (earlier !== undefined) return { outcome: 'repeated', datastore: (yield* get(earlier.resourceId, 0))! }
  if (activeMax !== undefined && (yield* countActive()) >= activeMax) return { outcome: 'too-many' }

  const [row] = yield* insertRows('datastores', [{ ...rowOf(datastore), partitions }], { returning: ['datastore'] })
  yield* insertRows('changes', [{ datastore: row!.datastore }])
  if (dataKeyArn !== undefined) yield* addDataKey({ ownerId: datastore.datastoreId, keyArn: dataKeyArn })
  yield* putTags(datastore.datastoreId, tags)
  yield* rememberUse(TOKEN_SCOPE, token, { resourceId: datastore.datastoreId, at: datastore.createdAt })
  return { outcome: 'created', datastore }
}

function* countActive(): Sql<number> {
  const row = yield* one<{ active: number }>(
    `SELECT count(*) AS active FROM datastores WHERE datastore_status <> 'DELETED'`,
  )
  return row!.active
}

function* get(datastoreId: string, deletedSince: number): Sql<Datastore | undefined> {
  const row = yield* one<DatastoreRow>(`${SELECT} WHERE datastore_id = ? AND ${STILL_SHOWN}`, datastoreId, deletedSince)
  return row && datastoreOf(row)
}

function* list({ status, deletedSince, after, limit }: Parameters<Datastores['list']>[0]): Sql<readonly Datastore[]> {
  const conditions = [STILL_SHOWN]
  const values: SqlValue[] = [deletedSince]
  if (status !== undefined) {
    conditions.push('datastore_status = ?')
    values.push(status)
  }
  if (after !== undefined) {
    conditions.push('(created_at, datastore_id) < (?, ?)')
    values.push(after.createdAt, after.datastoreId)
  }
  const text = `${SELECT} WHERE ${conditions.join(' AND ')} ORDER BY created_at DESC, datastore_id DESC LIMIT ?`
  return (yield* all<DatastoreRow>(text, ...values, limit)).map(datastoreOf)
}

/** Becoming ACTIVE is no update: createdAt and updatedAt stay equal, as in every response of AWS. */
function* settle(datastoreId: string, at: number): Sql<void> {
  yield* run(
    `UPDATE datastores SET datastore_status = 'ACTIVE' WHERE datastore_id = ? AND datastore_status = 'CREATING'`,
    datastoreId,
  )
  const deleted = yield* one<{ datastore: number }>(
    `UPDATE datastores SET datastore_status = 'DELETED', updated_at = ? WHERE datastore_id = ? AND datastore_status = 'DELETING'
     RETURNING datastore`,
    at,
    datastoreId,
  )
  if (deleted === undefined) return
  yield* removeTags(datastoreId)
  yield* run('DELETE FROM declared_attributes WHERE datastore = ?', deleted.datastore)
  yield* run('DELETE FROM moved_studies WHERE datastore = ?', deleted.datastore)
}

function* unsettled(): Sql<readonly string[]> {
  const rows = yield* all<{ datastore_id: string }>(
    `SELECT datastore_id FROM datastores WHERE datastore_status IN ('CREATING', 'DELETING') ORDER BY created_at, datastore_id`,
  )
  return rows.map((row) => row.datastore_id)
}

export function* beginDelete(datastoreId: string, at: number): Sql<DeleteDatastoreOutcome> {
  const found = yield* one<{ datastore: number; datastore_status: string }>(
    `SELECT datastore, datastore_status FROM datastores WHERE datastore_id = ? ${LOCKED}`,
    datastoreId,
  )
  if (found === undefined) return 'absent'
  const { datastore } = found
  if (found.datastore_status !== 'ACTIVE') return 'not-active'
  if (
    yield* one(
      `SELECT 1 AS found FROM import_jobs WHERE datastore = ? AND ended_at IS NULL AND input_s3_uri <> '' LIMIT 1`,
      datastore,
    )
  ) {
    return 'import-running'
  }
  // Store requests publish under the lock of their job: an image set that one of them adds is seen here.
  yield* all(`SELECT job FROM import_jobs WHERE datastore = ? AND ended_at IS NULL ${LOCKED}`, datastore)
  if (yield* one('SELECT 1 AS found FROM image_sets WHERE datastore = ? AND deleted_at IS NULL LIMIT 1', datastore)) {
    return 'holds-image-sets'
  }
  const reason = yield* lockedBy({ datastoreId, imageSetId: undefined }, at)
  if (reason !== undefined) return { lockedBy: reason }
  // They lose their lease, so that they publish nothing any more.
  yield* run(
    `UPDATE import_jobs SET job_status = 'FAILED', ended_at = ?, lease_owner = NULL, lease_until = NULL, purged = 0
     WHERE datastore = ? AND ended_at IS NULL`,
    at,
    datastore,
  )
  yield* destroyDataKey(datastoreId, at)
  yield* run(`UPDATE datastores SET datastore_status = 'DELETING', updated_at = ? WHERE datastore = ?`, at, datastore)
  return 'deleting'
}

const datastoreOf = (row: DatastoreRow): Datastore => ({
  datastoreId: row.datastore_id,
  datastoreName: row.datastore_name ?? undefined,
  datastoreStatus: row.datastore_status,
  kmsKeyArn: row.kms_key_arn ?? undefined,
  lambdaAuthorizerArn: row.lambda_authorizer_arn ?? undefined,
  losslessStorageFormat: row.lossless_storage_format,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
})

const rowOf = (datastore: Datastore): DatastoreRow => ({
  datastore_id: datastore.datastoreId,
  datastore_name: datastore.datastoreName ?? null,
  datastore_status: datastore.datastoreStatus,
  kms_key_arn: datastore.kmsKeyArn ?? null,
  lambda_authorizer_arn: datastore.lambdaAuthorizerArn ?? null,
  lossless_storage_format: datastore.losslessStorageFormat,
  created_at: datastore.createdAt,
  updated_at: datastore.updatedAt,
})
