/** What a partitioned catalog asks of its control catalog, in SQL. */
import type { ControlRecords, JobEnd, LeasedJob } from '../../catalog/control-repository.ts'
import { LeaseLost } from '../../catalog/import-job-repository.ts'
import { DATASTORE_NUMBER } from '../datastores/datastore-number.ts'
import { beginDelete } from '../datastores/datastores.ts'
import { LOCKED } from '../engine/differences.ts'
import { one, run, type Sql, type Transactions } from '../engine/statement.ts'
import { underLease } from '../imports/lease.ts'
import { BACKUP_RUNS } from '../maintenance/maintenance.ts'

export function controlOver(database: Transactions): ControlRecords {
  return {
    partitionsOf: (datastoreId) => database.read(() => partitionsOf(datastoreId)),
    mostPartitions: async () => database.readOne(mostPartitions),
    leased: (lease) => database.read(() => leased(lease)),
    datastoreOf: (jobId) => database.read(() => datastoreOf(jobId)),
    noteRecorded: (lease, progress) => database.write(() => noteRecorded(lease, progress)),
    isImporting: (datastoreId) => database.read(() => isImporting(datastoreId)),
    endOf: (jobId) => database.read(() => endOf(jobId)),
    timesReopened: (datastoreId) => database.read(() => timesReopened(datastoreId)),
    noteReopened: (datastoreId) => database.write(() => noteReopened(datastoreId)),
    // With secureDelete, so that the data key leaves nothing in the file.
    beginDelete: (datastoreId, deletion) =>
      database.write(() => beginDeleteOnce(datastoreId, deletion), { secureDelete: true }),
    isBackupRunning: (now) => database.read(() => isBackupRunning(now)),
  }
}

function* partitionsOf(datastoreId: string): Sql<number | undefined> {
  const row = yield* one<{ partitions: number }>(
    'SELECT partitions FROM datastores WHERE datastore_id = ?',
    datastoreId,
  )
  return row?.partitions
}

function* mostPartitions(): Sql<number> {
  const row = yield* one<{ most: number | null }>(
    `SELECT max(partitions) AS most FROM datastores WHERE partitions > 1 AND datastore_status <> 'CREATING'`,
  )
  return row?.most ?? 0
}

function* leased(lease: Parameters<ControlRecords['leased']>[0]): Sql<LeasedJob> {
  const row = yield* one<{ datastore_id: string; claims: number }>(
    `SELECT datastore_id, claims FROM import_jobs JOIN datastores ON datastores.datastore = import_jobs.datastore
     WHERE job_id = ? AND lease_owner = ? AND job_status = 'IN_PROGRESS'`,
    ...[lease.jobId, lease.owner],
  )
  if (row === undefined) throw new LeaseLost(lease)
  return { datastoreId: row.datastore_id, claims: row.claims }
}

function* datastoreOf(jobId: string): Sql<string | undefined> {
  const row = yield* one<{ datastore_id: string }>(
    `SELECT datastore_id FROM import_jobs JOIN datastores ON datastores.datastore = import_jobs.datastore WHERE job_id = ?`,
    jobId,
  )
  return row?.datastore_id
}

function* noteRecorded(
  lease: Parameters<ControlRecords['leased']>[0],
  { files, failed, skipped, lastKey }: Parameters<ControlRecords['noteRecorded']>[1],
): Sql<void> {
  const { job } = yield* underLease(lease)
  yield* run('UPDATE import_jobs SET attempts = 0 WHERE job = ? AND attempts <> 0', job)
  if (lastKey === undefined) return
  yield* run(
    `UPDATE import_jobs SET files_done = files_done + ?, files_failed = files_failed + ?, files_skipped = files_skipped + ?,
       recorded_to = ? WHERE job = ? AND (recorded_to IS NULL OR recorded_to < ?)`,
    ...[files, failed, skipped, lastKey, job, lastKey],
  )
}

function* isImporting(datastoreId: string): Sql<boolean> {
  const row = yield* one(
    `SELECT 1 AS found FROM import_jobs JOIN datastores ON datastores.datastore = import_jobs.datastore
     WHERE datastore_id = ? AND ended_at IS NULL AND input_s3_uri <> '' LIMIT 1`,
    datastoreId,
  )
  return row !== undefined
}

function* endOf(jobId: string): Sql<JobEnd | undefined> {
  const row = yield* one<{ job_status: string; ended_at: number }>(
    'SELECT job_status, ended_at FROM import_jobs WHERE job_id = ? AND ended_at IS NOT NULL',
    jobId,
  )
  return row && { jobStatus: row.job_status === 'COMPLETED' ? 'COMPLETED' : 'FAILED', endedAt: row.ended_at }
}

function* timesReopened(datastoreId: string): Sql<number> {
  const row = yield* one<{ number: number }>(
    `SELECT number FROM changes WHERE datastore = ${DATASTORE_NUMBER}`,
    datastoreId,
  )
  return row?.number ?? 0
}

function* noteReopened(datastoreId: string): Sql<boolean> {
  const store = yield* one<{ datastore: number; datastore_status: string }>(
    `SELECT datastore, datastore_status FROM datastores WHERE datastore_id = ? ${LOCKED}`,
    datastoreId,
  )
  if (store?.datastore_status !== 'ACTIVE') return false
  yield* run('UPDATE changes SET number = number + 1 WHERE datastore = ?', store.datastore)
  return true
}

function* beginDeleteOnce(
  datastoreId: string,
  { at, reopened }: Parameters<ControlRecords['beginDelete']>[1],
): Sql<Awaited<ReturnType<ControlRecords['beginDelete']>>> {
  yield* one(`SELECT datastore FROM datastores WHERE datastore_id = ? ${LOCKED}`, datastoreId)
  return (yield* timesReopened(datastoreId)) === reopened ? yield* beginDelete(datastoreId, at) : 'reopened'
}

function* isBackupRunning(now: number): Sql<boolean> {
  return (yield* one(`SELECT 1 AS found WHERE ${BACKUP_RUNS}`, now)) !== undefined
}
