/** Import jobs in SQL: submitted, claimed by lease, ended, and their files purged. */
import type { ClaimedJob, ImportJob, ImportJobs, Lease, SubmitJobOutcome } from '../../catalog/import-job-repository.ts'
import type { SearchUpkeep } from '../../search/maintenance/update-index.ts'
import { purgeBatch } from '../blobs/purge.ts'
import { earlierUse, rememberUse } from '../datastores/client-tokens.ts'
import { datastoreNumber } from '../datastores/datastore-number.ts'
import { LOCKED } from '../engine/differences.ts'
import { all, one, run, type Sql, type SqlValue, type Transactions } from '../engine/statement.ts'
import { expireLeases } from '../rows/expire-leases.ts'
import { insertRows } from '../rows/insert-rows.ts'
import type { RowOf } from '../rows/tables.ts'
import { endTurn, isOneWaiting, nextJob, release, renew } from './claim-job.ts'
import { lastRecordedKey, record, recordedKeys, unpublishedGroups } from './import-files.ts'
import { generatedImageSets, reportLines } from './import-report.ts'
import { underLease } from './lease.ts'
import { nextVersions, versionsToExtend } from './next-versions.ts'
import { publish } from './publish.ts'
import { recordAndPublish } from './record-and-publish.ts'

type JobRow = { readonly datastore_id: string } & Pick<
  RowOf<'import_jobs'>,
  | ('job_id' | 'job_name' | 'job_status' | 'data_access_role_arn' | 'input_s3_uri' | 'output_s3_uri')
  | (
      | 'import_configuration'
      | 'message'
      | 'submitted_at'
      | 'ended_at'
      | 'files_done'
      | 'files_failed'
      | 'files_skipped'
      | 'files_found'
    )
>

const COLUMNS = `job_id, (SELECT datastore_id FROM datastores WHERE datastore = import_jobs.datastore) AS datastore_id, job_name,
  job_status, data_access_role_arn, input_s3_uri, output_s3_uri, import_configuration, message, submitted_at, ended_at, files_done,
  files_failed, files_skipped, files_found`

/** Without the jobs of store requests (isStoring). */
const FROM_BUCKET = `input_s3_uri <> ''`

export function importJobsOver(
  database: Transactions,
  {
    partition,
    newIdSuffix,
    upkeep,
  }: { readonly partition: number; readonly newIdSuffix: () => string; readonly upkeep: SearchUpkeep },
): ImportJobs {
  const purgeOnce = () => database.write(purgeBatch, { secureDelete: true })
  return {
    submit: (request) => database.write(() => submit(request)),
    beginStoring: (request) => database.write(() => beginStoring(request)),
    get: (job) => database.read(() => get(job)),
    list: (request) => database.read(() => list(request)),
    async claim(request) {
      // Usually none is waiting: check in a read transaction first.
      if (await database.read(() => isOneWaiting(request.now))) return database.write(() => claim(request))
      // A crash may have interrupted the purge of a job that ended.
      await purgeOnce()
      return undefined
    },
    isOneWaiting: (now) => database.read(() => isOneWaiting(now)),
    endTurn: (lease, end) => database.write(() => endTurn(lease, end)),
    renew: (lease, leaseUntil) => database.write(() => renew(lease, leaseUntil)),
    release: (lease, from) => database.write(() => release(lease, from)),
    expireLeases: (workerIds, at) => database.write(() => expireLeases('import_jobs', workerIds, at)),
    setFilesFound: (lease, filesFound) => database.write(() => setFilesFound(lease, filesFound)),
    lastRecordedKey: (jobId) => database.read(() => lastRecordedKey(jobId)),
    recordedKeys: (jobId, keys) => database.read(() => recordedKeys(jobId, keys)),
    async record(lease, files, digests) {
      await database.write(() => record(lease, { files, digests, partition }))
    },
    recordAndPublish: (lease, batch) =>
      database.write(() => recordAndPublish(lease, batch, { partition, newIdSuffix, upkeep }), {
        ...{ queue: lease.jobId, secureDelete: true },
      }),
    unpublishedGroups: (jobId, limit) => database.read(() => unpublishedGroups(jobId, limit)),
    publish: (lease, groups, at, documents) =>
      // A new version may have other words: the former ones are overwritten.
      database.write(() => publish({ lease, groups, at, documents, newIdSuffix, upkeep }), {
        ...{ queue: lease.jobId, secureDelete: true },
      }),
    nextVersions: (jobId, groups) => database.read(() => nextVersions(jobId, groups)),
    versionsToExtend: (datastoreId, groupings) => database.read(() => versionsToExtend(datastoreId, groupings)),
    generatedImageSets: (jobId) => generatedImageSets(database, jobId),
    reportLines: (jobId) => reportLines(database, jobId),
    async finish(lease, end) {
      await database.write(() => finish(lease, end))
      while ((await purgeOnce()) === 'more') {
        // In batches, so that other writers are not delayed.
      }
    },
  }
}

function* submit({ job, token, runningMax }: Parameters<ImportJobs['submit']>[0]): Sql<SubmitJobOutcome> {
  const store = yield* one<{ datastore: number; datastore_status: string }>(
    `SELECT datastore, datastore_status FROM datastores WHERE datastore_id = ? ${LOCKED}`,
    job.datastoreId,
  )
  if (store === undefined) return { outcome: 'datastore-absent' }
  const scope = `import jobs of ${job.datastoreId}`
  const earlier = yield* earlierUse(scope, token)
  if (earlier === 'token-conflict') return { outcome: earlier }
  if (earlier !== undefined) {
    return { outcome: 'repeated', job: (yield* get({ datastoreId: job.datastoreId, jobId: earlier.resourceId }))! }
  }
  if (store.datastore_status !== 'ACTIVE') return { outcome: 'datastore-not-active' }
  if (runningMax !== undefined && (yield* countRunning(store.datastore)) >= runningMax) return { outcome: 'too-many' }

  yield* insertRows('import_jobs', [
    {
      ...{ job_id: job.jobId, datastore: store.datastore, job_name: job.jobName ?? null, job_status: job.jobStatus },
      data_access_role_arn: job.dataAccessRoleArn,
      ...{ input_s3_uri: job.inputS3Uri, output_s3_uri: job.outputS3Uri },
      import_configuration: job.importConfiguration === undefined ? null : JSON.stringify(job.importConfiguration),
      ...{ message: job.message ?? null, submitted_at: job.submittedAt, ended_at: job.endedAt ?? null },
      ...{ files_done: job.filesDone, files_failed: job.filesFailed, files_skipped: job.filesSkipped },
      ...{ files_found: job.filesFound ?? null, attempts: 0, purged: 1 },
    },
  ])
  yield* rememberUse(scope, token, { resourceId: job.jobId, at: job.submittedAt })
  return { outcome: 'submitted', job }
}

function* beginStoring({
  lease,
  datastoreId,
  at,
  leaseUntil,
}: Parameters<ImportJobs['beginStoring']>[0]): Sql<'begun' | 'datastore-not-active' | 'datastore-absent'> {
  const store = yield* one<{ datastore: number; datastore_status: string }>(
    `SELECT datastore, datastore_status FROM datastores WHERE datastore_id = ? ${LOCKED}`,
    datastoreId,
  )
  if (store === undefined) return 'datastore-absent'
  if (store.datastore_status !== 'ACTIVE') return 'datastore-not-active'
  yield* insertRows('import_jobs', [
    {
      ...{ job_id: lease.jobId, datastore: store.datastore, job_name: null, job_status: 'IN_PROGRESS' },
      ...{ data_access_role_arn: '', input_s3_uri: '', output_s3_uri: '', import_configuration: null },
      ...{ message: null, submitted_at: at, ended_at: null, files_done: 0, files_failed: 0, files_skipped: 0 },
      ...{ files_found: null, attempts: 0, purged: 1 },
      ...{ lease_owner: lease.owner, lease_until: leaseUntil, claims: 1 },
    },
  ])
  return 'begun'
}

function* countRunning(datastore: number): Sql<number> {
  const row = yield* one<{ running: number }>(
    `SELECT count(*) AS running FROM import_jobs WHERE datastore = ? AND ended_at IS NULL AND ${FROM_BUCKET}`,
    datastore,
  )
  return row!.running
}

function* get({ datastoreId, jobId }: Parameters<ImportJobs['get']>[0]): Sql<ImportJob | undefined> {
  const row = yield* one<JobRow>(`SELECT ${COLUMNS} FROM import_jobs WHERE job_id = ? AND ${FROM_BUCKET}`, jobId)
  return row?.datastore_id === datastoreId ? jobOf(row) : undefined
}

function* list(request: Parameters<ImportJobs['list']>[0]): Sql<readonly ImportJob[]> {
  const datastore = yield* datastoreNumber(request.datastoreId)
  if (datastore === undefined) return []
  const conditions = ['datastore = ?', 'submitted_at >= ?', FROM_BUCKET]
  const values: SqlValue[] = [datastore, request.submittedSince]
  if (request.status !== undefined) {
    conditions.push('job_status = ?')
    values.push(request.status)
  }
  if (request.after !== undefined) {
    conditions.push('(submitted_at, job_id) < (?, ?)')
    values.push(request.after.submittedAt, request.after.jobId)
  }
  const where = conditions.join(' AND ')
  const text = `SELECT ${COLUMNS} FROM import_jobs WHERE ${where} ORDER BY submitted_at DESC, job_id DESC LIMIT ?`
  return (yield* all<JobRow>(text, ...values, request.limit)).map(jobOf)
}

function* claim({ owner, now, leaseUntil }: Parameters<ImportJobs['claim']>[0]): Sql<ClaimedJob | undefined> {
  const next = yield* nextJob(now)
  if (next === undefined) return undefined
  // The state is used once: a worker that dies leaves none.
  const row = yield* one<JobRow & { readonly attempts: number }>(
    `UPDATE import_jobs SET job_status = 'IN_PROGRESS', lease_owner = ?, lease_until = ?, served_at = ?, turn_state = NULL,
       attempts = attempts + 1, claims = claims + 1 WHERE job = ? RETURNING ${COLUMNS}, attempts`,
    ...[owner, leaseUntil, now, next.job],
  )
  return { ...jobOf(row!), attempt: row!.attempts, turnState: next.turn_state ?? undefined }
}

function* setFilesFound(lease: Lease, filesFound: number): Sql<void> {
  const { job } = yield* underLease(lease)
  yield* run('UPDATE import_jobs SET files_found = ? WHERE job = ?', filesFound, job)
}

function* finish(lease: Lease, end: Parameters<ImportJobs['finish']>[1]): Sql<void> {
  const { job } = yield* underLease(lease)
  yield* run(
    `UPDATE import_jobs SET job_status = ?, message = ?, ended_at = ?, lease_owner = NULL, lease_until = NULL, purged = 0,
       recorded_to = NULL WHERE job = ?`,
    end.jobStatus,
    end.message ?? null,
    end.endedAt,
    job,
  )
}

const jobOf = (row: JobRow): ImportJob => ({
  jobId: row.job_id,
  datastoreId: row.datastore_id,
  jobName: row.job_name ?? undefined,
  jobStatus: row.job_status,
  dataAccessRoleArn: row.data_access_role_arn,
  inputS3Uri: row.input_s3_uri,
  outputS3Uri: row.output_s3_uri,
  importConfiguration: row.import_configuration === null ? undefined : JSON.parse(row.import_configuration),
  message: row.message ?? undefined,
  submittedAt: row.submitted_at,
  endedAt: row.ended_at ?? undefined,
  filesDone: row.files_done,
  filesFailed: row.files_failed,
  filesSkipped: row.files_skipped,
  filesFound: row.files_found ?? undefined,
})
