/** Forgets the files of import jobs that have ended, a bite at a time: their report in the output folder is the record now. */

import { LOCKED_OR_PASSED_BY } from '../engine/differences.ts'
import { all, one, run, type Sql } from '../engine/statement.ts'
import { markUnreferencedBlobs } from './blob-uses.ts'
import { markBlobsOfJobPartlyUnreferenced } from './compaction.ts'

/** Small enough that a bite holds up other writers for a few milliseconds only. */
const FILES_PER_BATCH = 2_000

/** One bite of one job; `more` where there may be another. */
export function* purgeBatch(): Sql<'more' | 'done'> {
  const ended = yield* one<{ job: number; job_status: string; ended_at: number }>(
    `SELECT job, job_status, ended_at FROM import_jobs WHERE purged = 0 ORDER BY ended_at LIMIT 1 ${LOCKED_OR_PASSED_BY}`,
  )
  if (ended === undefined) return 'done'
  for (const [table, key] of [
    ['import_files', 'file'],
    ['import_groups', 'group_id'],
  ]) {
    const removed = yield* all(
      `DELETE FROM ${table} WHERE ${key} IN (SELECT ${key} FROM ${table} WHERE job = ? LIMIT ?) RETURNING 1 AS removed`,
      ended.job,
      FILES_PER_BATCH,
    )
    if (removed.length > 0) return 'more'
  }
  yield* markUnreferencedBlobs(ended.job, ended.ended_at)
  // Some of its files may never have been shown, and lie beside others that were.
  if (ended.job_status === 'FAILED') yield* markBlobsOfJobPartlyUnreferenced(ended.job, ended.ended_at)
  yield* run('UPDATE import_jobs SET purged = 1 WHERE job = ?', ended.job)
  return 'more'
}
