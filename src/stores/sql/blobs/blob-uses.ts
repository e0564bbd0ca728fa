/**
 * Which image sets use which blob. A blob is unreferenced when its job has ended and no image set uses it. It stays so: a new use comes only
 * from the job, or from another use in the same transaction.
 */

import { all, allOfMany, run, type Sql } from '../engine/statement.ts'
import { insertRows } from '../rows/insert-rows.ts'
import type { RowOf } from '../rows/tables.ts'
import { markPartlyUnreferenced } from './compaction.ts'

export function* addUses(uses: readonly RowOf<'blob_uses'>[]): Sql<void> {
  const distinct = new Map(uses.map((use) => [`${use.blob} ${use.row_id}`, use]))
  yield* insertRows('blob_uses', [...distinct.values()], { onConflict: 'ON CONFLICT (blob, row_id) DO NOTHING' })
}

/**
 * For an image set that is deleted. Blobs that only it used become unreferenced, at once or when their job ends; the others become partly
 * unreferenced.
 */
export function* removeUses(rowId: number, at: number): Sql<void> {
  const used = yield* all<{ blob: number }>('DELETE FROM blob_uses WHERE row_id = ? RETURNING blob', rowId)
  yield* allOfMany(
    (marks) =>
      `UPDATE blobs SET unreferenced_since = CAST(? AS BIGINT) WHERE blob IN (${marks})
       AND NOT EXISTS (SELECT 1 FROM blob_uses WHERE blob_uses.blob = blobs.blob)
       AND (SELECT ended_at FROM import_jobs WHERE import_jobs.job = blobs.job) IS NOT NULL RETURNING 1 AS updated`,
    [at],
    used.map(({ blob }) => blob),
  )
  yield* markPartlyUnreferenced(
    used.map(({ blob }) => blob),
    at,
  )
}

/** For a job that has ended. */
export function* markUnreferencedBlobs(job: number, at: number): Sql<void> {
  yield* run(
    `UPDATE blobs SET unreferenced_since = ? WHERE job = ? AND unreferenced_since IS NULL AND purged_at IS NULL
     AND NOT EXISTS (SELECT 1 FROM blob_uses WHERE blob_uses.blob = blobs.blob)`,
    ...[at, job],
  )
}
