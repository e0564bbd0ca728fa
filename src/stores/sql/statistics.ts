/** Counts for monitoring, from columns that hold sums where there are any. */
import type { Statistics } from '../catalog/statistics.ts'
import { all, one, type Sql } from './engine/statement.ts'

/** The entries of the index are counted by leaf. Counting image sets would read a million rows. */
const DATASTORES = `SELECT datastore_id,
  (SELECT SUM(entry_count) FROM search_leaves JOIN search_partitions USING (partition)
    WHERE search_partitions.datastore = datastores.datastore AND state = 'live' AND attribute = '' AND is_primary = 1) AS primaries,
  (SELECT SUM(entry_count) FROM search_leaves JOIN search_partitions USING (partition)
    WHERE search_partitions.datastore = datastores.datastore AND state = 'live' AND attribute = '' AND is_primary = 0) AS others,
  (SELECT SUM(size_bytes) FROM blobs JOIN import_jobs USING (job)
    WHERE import_jobs.datastore = datastores.datastore AND purged_at IS NULL AND is_counted = 1) AS stored_bytes
  FROM datastores WHERE datastore_status <> 'DELETED' ORDER BY datastore_id`

type Sum = number | string | null

export function* statistics(): Sql<Statistics> {
  const datastores = yield* all<{ datastore_id: string; primaries: Sum; others: Sum; stored_bytes: Sum }>(DATASTORES)
  const jobs = yield* all<{ job_status: string; jobs: Sum; files: Sum }>(
    `SELECT job_status, COUNT(*) AS jobs, SUM(files_done) AS files FROM import_jobs WHERE input_s3_uri <> '' GROUP BY job_status`,
  )
  const waiting = yield* one<{ oldest: Sum }>(
    `SELECT MIN(submitted_at) AS oldest FROM import_jobs WHERE ended_at IS NULL AND job_status = 'SUBMITTED'`,
  )
  const oldest = waiting?.oldest ?? null
  return {
    datastores: datastores.map((row) => ({
      datastoreId: row.datastore_id,
      primaryImageSets: numberOf(row.primaries),
      otherImageSets: numberOf(row.others),
      storedBytes: numberOf(row.stored_bytes),
    })),
    importJobs: jobs.map((row) => ({
      jobStatus: row.job_status,
      count: numberOf(row.jobs),
      filesDone: numberOf(row.files),
    })),
    oldestWaitingAt: oldest === null ? undefined : numberOf(oldest),
  }
}

/** PostgreSQL sums to NUMERIC, which its client returns as text. */
const numberOf = (sum: Sum): number => Number(sum ?? 0)
