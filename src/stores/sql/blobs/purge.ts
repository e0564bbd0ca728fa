/** Deletes the files and groups of import jobs that have ended, in batches: the report in the output folder is their record. */

import { LOCKED_OR_SKIPPED } from '../engine/differences.ts'
import { all, one, run, type Sql } from '../engine/statement.ts'
import { markUnreferencedBlobs } from './blob-uses.ts'
import { markBlobsOfJobPartlyUnreferenced } from './compaction.ts'

/** Small enough that a batch delays other writers by a few milliseconds only. */
const FILES_PER_BATCH = 2_000

/** One batch of one job. @returns `more` if there may be another */
export function* purgeBatch(): Sql<'more' | 'done'> {
  const ended = yield* one<{ job: number; job_status: string; ended_at: number }>(
    `SELECT job, job_status, ended_at FROM import_jobs WHERE purged = 0 ORDER BY ended_at LIMIT 1 ${LOCKED_OR_SKIPPED}`,
  )
  if (ended === undefined) return 'done'
  for (const [table, key] of [
    ['import_files', 'file'],
    ['import_groups', 'group_id'],
  ]) {
    const deleted = yield* all(
      `DELETE FROM ${table} WHERE ${key} IN (SELECT ${key} FROM ${table} WHERE job = ? LIMIT ?) RETURNING 1 AS deleted`,
      ended.job,
      FILES_PER_BATCH,
    )
    if (deleted.length > 0) return 'more'
  }
  yield* markUnreferencedBlobs(ended.job, ended.ended_at)
  // Some of its files may not be published, in blobs with others that are.
  if (ended.job_status === 'FAILED') yield* markBlobsOfJobPartlyUnreferenced(ended.job, ended.ended_at)
  yield* run('UPDATE import_jobs SET purged = 1 WHERE job = ?', ended.job)
  return 'more'
}
