/** What a partitioned catalog asks of a partition, in SQL. */
import type { BlobDigests } from '../../blobs/blob-store.ts'
import type { JobEnd } from '../../catalog/control-repository.ts'
import { type Lease, LeaseLost } from '../../catalog/import-job-repository.ts'
import type { PartitionRecords } from '../../catalog/partition-repository.ts'
import { type WorkflowLease, WorkflowLeaseLost } from '../../catalog/workflow-repository.ts'
import type { SearchUpkeep } from '../../search/maintenance/update-index.ts'
import { markPartlyUnreferenced } from '../blobs/compaction.ts'
import { numberBlobs } from '../blobs/number-blobs.ts'
import { purgeBatch } from '../blobs/purge.ts'
import { DATASTORE_NUMBER } from '../datastores/datastore-number.ts'
import { followDeclarations, standingDeclarations } from '../declared-attributes/follow-declarations.ts'
import { LOCKED } from '../engine/differences.ts'
import { all, allOfMany, one, run, type Sql, type Transactions } from '../engine/statement.ts'
import { underLease } from '../imports/lease.ts'
import { keepStudyIn, movedStudies } from '../moved-studies/moved-studies.ts'
import { insertRows } from '../rows/insert-rows.ts'

export function partitionOver(database: Transactions, { upkeep }: { readonly upkeep: SearchUpkeep }): PartitionRecords {
  const purgeOnce = () => database.write(purgeBatch, { secureDelete: true })
  async function purgeEnded(): Promise<void> {
    while ((await purgeOnce()) === 'more') {
      // In batches, so that other writers are not delayed.
    }
  }
  return {
    adopt: (job) => database.write(() => adopt(job)),
    addUnusedBlobs: (lease, digests) => database.write(() => addUnusedBlobs(lease, digests)),
    takeOver: (lease, claims) => database.write(() => takeOver(lease, claims)),
    unended: (limit) => database.read(() => unended(limit)),
    async endPart(jobId, end) {
      await database.write(() => endPart(jobId, end))
      await purgeEnded()
    },
    purgeEnded,
    activate: (datastoreId) => database.write(() => setActive(datastoreId, 'CREATING')),
    holdsImageSets: (datastoreId) => database.read(() => holdsImageSets(datastoreId)),
    reopen: (datastoreId) => database.write(() => setActive(datastoreId, 'DELETING')),
    blobsKept: (blobKeys, since) => database.read(() => blobsKept(blobKeys, since)),
    blobsCounted: (blobKeys) => database.read(() => blobsCounted(blobKeys)),
    countBlobs: (blobKeys) => database.write(() => countBlobs(blobKeys)),
    markPartlyUnreferenced: (blobKeys, at) => database.write(() => markBlobs(blobKeys, at)),
    datastoreOfWorkflow: (lease) => database.read(() => datastoreOfWorkflow(lease)),
    countWorkflows: (datastoreId, operation) => database.read(() => countWorkflows(datastoreId, operation)),
    standingDeclarations: (datastoreId) => database.read(() => standingDeclarations(datastoreId)),
    followDeclarations: (datastoreId, standing) =>
      database.write(() => followDeclarations(datastoreId, standing, upkeep)),
    // Rows are only added: several statements need no snapshot.
    movedStudies: async (datastoreId, studyInstanceUIDs) =>
      database.readOne(() => movedStudies(datastoreId, studyInstanceUIDs)),
    keepStudyIn: (study) => database.write(() => keepStudyIn(study)),
  }
}

function* adopt({
  lease,
  claimed,
  at,
}: Parameters<PartitionRecords['adopt']>[0]): Sql<{ readonly lastKey: string | undefined } | 'datastore-not-active'> {
  const { jobId, owner } = lease
  const { datastoreId, claims } = claimed
  const store = yield* one<{ datastore: number; datastore_status: string }>(
    `SELECT datastore, datastore_status FROM datastores WHERE datastore_id = ? ${LOCKED}`,
    datastoreId,
  )
  if (store?.datastore_status !== 'ACTIVE') return 'datastore-not-active'
  const job = yield* ownPart(lease, claims)
  if (job === undefined) {
    yield* insertRows('import_jobs', [
      {
        ...{ job_id: jobId, datastore: store.datastore, job_name: null, job_status: 'IN_PROGRESS' },
        ...{ data_access_role_arn: '', input_s3_uri: '', output_s3_uri: '', import_configuration: null },
        ...{ message: null, submitted_at: at, ended_at: null, files_done: 0, files_failed: 0, files_skipped: 0 },
        ...{ files_found: null, attempts: 0 },
        ...{ lease_owner: owner, lease_until: at, claims, purged: 1 },
      },
    ])
    return { lastKey: undefined }
  }
  const last = yield* one<{ file_key: string | null }>(
    'SELECT max(file_key) AS file_key FROM import_files WHERE job = ?',
    job,
  )
  return { lastKey: last?.file_key ?? undefined }
}

function* ownPart(lease: Lease, claims: number): Sql<number | undefined> {
  const { jobId, owner } = lease
  const found = yield* one<{ job: number; claims: number; lease_owner: string | null; job_status: string }>(
    `SELECT job, claims, lease_owner, job_status FROM import_jobs WHERE job_id = ? ${LOCKED}`,
    jobId,
  )
  if (found === undefined) return undefined
  const isTaken = found.claims > claims || (found.claims === claims && found.lease_owner !== owner)
  if (isTaken || found.job_status !== 'IN_PROGRESS') throw new LeaseLost(lease)
  yield* run('UPDATE import_jobs SET lease_owner = ?, claims = ? WHERE job = ?', owner, claims, found.job)
  return found.job
}

function* takeOver(lease: Lease, claims: number): Sql<void> {
  yield* ownPart(lease, claims)
}

function* addUnusedBlobs(lease: Lease, digests: BlobDigests): Sql<void> {
  const { job } = yield* underLease(lease)
  yield* numberBlobs(job, [...digests.keys()], digests)
}

function* markBlobs(blobKeys: readonly string[], at: number): Sql<void> {
  const rows = yield* allOfMany<{ blob: number }>(
    (marks) =>
      `SELECT blob FROM blobs WHERE purged_at IS NULL AND unreferenced_since IS NULL AND blob_key IN (${marks})`,
    [],
    blobKeys,
  )
  yield* markPartlyUnreferenced(
    rows.map(({ blob }) => blob),
    at,
  )
}

function* unended(limit: number): Sql<readonly string[]> {
  const rows = yield* all<{ job_id: string }>(
    'SELECT job_id FROM import_jobs WHERE ended_at IS NULL ORDER BY job LIMIT ?',
    limit,
  )
  return rows.map((row) => row.job_id)
}

function* endPart(jobId: string, { jobStatus, endedAt }: JobEnd): Sql<void> {
  yield* run(
    `UPDATE import_jobs SET job_status = ?, ended_at = ?, lease_owner = NULL, lease_until = NULL, purged = 0
     WHERE job_id = ? AND ended_at IS NULL`,
    ...[jobStatus, endedAt, jobId],
  )
}

function* setActive(datastoreId: string, from: 'CREATING' | 'DELETING'): Sql<void> {
  yield* run(
    `UPDATE datastores SET datastore_status = 'ACTIVE' WHERE datastore_id = ? AND datastore_status = ?`,
    ...[datastoreId, from],
  )
}

function* holdsImageSets(datastoreId: string): Sql<boolean> {
  const row = yield* one(
    `SELECT 1 AS found FROM image_sets WHERE datastore = ${DATASTORE_NUMBER} AND deleted_at IS NULL LIMIT 1`,
    datastoreId,
  )
  return row !== undefined
}

function* blobsKept(blobKeys: readonly string[], since: number): Sql<readonly string[]> {
  const rows = yield* allOfMany<{ blob_key: string }>(
    (marks) =>
      `SELECT blob_key FROM blobs WHERE purged_at IS NULL AND (unreferenced_since IS NULL OR unreferenced_since >= ?)
       AND blob_key IN (${marks})`,
    [since],
    blobKeys,
  )
  return rows.map((row) => row.blob_key)
}

function* blobsCounted(blobKeys: readonly string[]): Sql<readonly string[]> {
  const rows = yield* allOfMany<{ blob_key: string }>(
    (marks) => `SELECT blob_key FROM blobs WHERE purged_at IS NULL AND is_counted = 1 AND blob_key IN (${marks})`,
    [],
    blobKeys,
  )
  return rows.map((row) => row.blob_key)
}

function* countBlobs(blobKeys: readonly string[]): Sql<void> {
  yield* allOfMany(
    (marks) =>
      `UPDATE blobs SET is_counted = 1 WHERE purged_at IS NULL AND blob_key IN (${marks}) RETURNING 1 AS updated`,
    [],
    blobKeys,
  )
}

function* datastoreOfWorkflow(lease: WorkflowLease): Sql<string> {
  const row = yield* one<{ datastore_id: string }>(
    `SELECT datastore_id FROM workflows JOIN datastores ON datastores.datastore = workflows.datastore
     WHERE workflow = ? AND lease_owner = ?`,
    ...[lease.workflow, lease.owner],
  )
  if (row === undefined) throw new WorkflowLeaseLost()
  return row.datastore_id
}

function* countWorkflows(datastoreId: string, operation: string): Sql<number> {
  const row = yield* one<{ running: number }>(
    `SELECT count(*) AS running FROM workflows JOIN datastores ON datastores.datastore = workflows.datastore
     WHERE datastore_id = ? AND operation = ?`,
    ...[datastoreId, operation],
  )
  return row!.running
}
