/**
 * Compaction of partly unreferenced blobs, in SQL. The new blob takes the number of the old one, so that only offsets change and ranges stay
 * in their order. The old key goes to a new row, which is unreferenced.
 *
 * Every transaction that changes the ranges of a blob locks the row of its data store in `changes`: behind that lock they do not change.
 */

import { type MovedRange, movedOffset } from '../../blobs/moved-ranges.ts'
import type { Blobs, BlobToCompact, UsedRange } from '../../catalog/blob-repository.ts'
import { LOCKED, LOCKED_OR_SKIPPED } from '../engine/differences.ts'
import { all, allOfMany, one, run, type Sql, type SqlValue } from '../engine/statement.ts'
import { lockChanges } from '../history/changes.ts'
import { insertRows } from '../rows/insert-rows.ts'
import type { RowOf } from '../rows/tables.ts'

interface RangeColumns {
  readonly table: string
  readonly blob: string
  readonly offset: string
  readonly size: string
  /** SQL: the number of frames in a frame table; NULL for other ranges. */
  readonly framesInTable: string
}

const NO_TABLE = 'CAST(NULL AS BIGINT)'

/** The columns that are ranges of blobs. */
export const RANGE_COLUMNS: readonly RangeColumns[] = [
  {
    ...{ table: 'instances', blob: 'blob', offset: 'offset_bytes', size: 'size_bytes' },
    framesInTable: NO_TABLE,
  },
  {
    ...{ table: 'instances', blob: 'metadata_blob', offset: 'metadata_offset_bytes' },
    ...{ size: 'instance_metadata_bytes + attributes_bytes', framesInTable: NO_TABLE },
  },
  {
    ...{ table: 'instances', blob: 'frames_blob', offset: 'frames_offset_bytes', size: 'frames_size_bytes' },
    framesInTable: `CASE WHEN frames_hold = 'table' THEN frame_count END`,
  },
  {
    ...{
      table: 'image_set_versions',
      blob: 'attributes_blob',
      offset: 'attributes_offset_bytes',
      size: 'attributes_size_bytes',
    },
    framesInTable: NO_TABLE,
  },
  {
    ...{ table: 'image_set_documents', blob: 'blob', offset: 'offset_bytes', size: 'size_bytes' },
    framesInTable: NO_TABLE,
  },
]

/** A compaction under way has read the ranges too early, and its claim ends. */
export function* markPartlyUnreferenced(blobs: readonly number[], at: number): Sql<void> {
  yield* allOfMany(
    (marks) =>
      `UPDATE blobs SET partly_unreferenced_since = CAST(? AS BIGINT), compacting_until = NULL
       WHERE blob IN (${marks}) AND unreferenced_since IS NULL RETURNING 1 AS updated`,
    [at],
    blobs,
  )
}

/** Of a job whose files are not all published. */
export function* markBlobsOfJobPartlyUnreferenced(job: number, at: number): Sql<void> {
  yield* run(
    'UPDATE blobs SET partly_unreferenced_since = ? WHERE job = ? AND unreferenced_since IS NULL AND purged_at IS NULL',
    ...[at, job],
  )
}

interface RowToCompact {
  readonly blob: number
  readonly blob_key: string
  readonly size_bytes: number
  readonly sha256: string
}

type Claim = Parameters<Blobs['claimForCompaction']>[0]

/** Not while an image set is locked: an update or deletion of it is about to end. */
const toCompact = (lock = '') =>
  `SELECT blob, blob_key, size_bytes, sha256 FROM blobs
   WHERE partly_unreferenced_since < ? AND (compacting_until IS NULL OR compacting_until <= ?) AND unreferenced_since IS NULL AND purged_at IS NULL
   AND EXISTS (SELECT 1 FROM import_jobs WHERE import_jobs.job = blobs.job AND ended_at IS NOT NULL AND purged = 1)
   AND NOT EXISTS (
     SELECT 1 FROM blob_uses JOIN image_sets ON image_sets.row_id = blob_uses.row_id
     WHERE blob_uses.blob = blobs.blob AND image_set_state = 'LOCKED'
   ) ORDER BY partly_unreferenced_since LIMIT 1 ${lock}`

export function* isAnyToCompact({ before, now }: Claim): Sql<boolean> {
  return (yield* one(toCompact(), before, now)) !== undefined
}

export function* claimForCompaction({ before, now, leaseUntil }: Claim): Sql<BlobToCompact | undefined> {
  const row = yield* one<RowToCompact>(toCompact(LOCKED_OR_SKIPPED), before, now)
  if (row === undefined) return undefined
  yield* run('UPDATE blobs SET compacting_until = ? WHERE blob = ?', leaseUntil, row.blob)
  const { blob, blob_key: blobKey, size_bytes: sizeBytes, sha256 } = row
  return { blob, blobKey, leaseUntil, digest: { sizeBytes, sha256 } }
}

export function* usedRanges(blob: number): Sql<readonly UsedRange[]> {
  const found: UsedRange[] = []
  for (const columns of RANGE_COLUMNS) found.push(...(yield* rangesOf(columns, blob)))
  return found
}

const ofUsers = ({ blob }: RangeColumns) =>
  `${blob} = ? AND row_id IN (SELECT row_id FROM blob_uses WHERE blob_uses.blob = ?)`

/** A range that versions and copies share is returned once. */
function* rangesOf(columns: RangeColumns, blob: number): Sql<readonly UsedRange[]> {
  const { table, offset, size, framesInTable } = columns
  const rows = yield* all<{ offset_in: number; size_in: number; frames_in_table: number | null }>(
    `SELECT DISTINCT ${offset} AS offset_in, ${size} AS size_in, ${framesInTable} AS frames_in_table
     FROM ${table} WHERE ${ofUsers(columns)}`,
    ...[blob, blob],
  )
  return rows.map(({ offset_in, size_in, frames_in_table }) => ({
    ...{ offsetBytes: offset_in, sizeBytes: size_in, framesInTable: frames_in_table ?? undefined },
  }))
}

/** Unless an image set was deleted since the claim. */
export function* skipCompaction({ blob, leaseUntil }: BlobToCompact): Sql<void> {
  yield* run(
    'UPDATE blobs SET partly_unreferenced_since = NULL, compacting_until = NULL WHERE blob = ? AND compacting_until = ?',
    ...[blob, leaseUntil],
  )
}

export function* reserve({ source, blobKey, unreferencedFrom }: Parameters<Blobs['reserve']>[0]): Sql<void> {
  yield* run(
    'INSERT INTO blobs (job, blob_key, unreferenced_since) SELECT job, CAST(? AS TEXT), CAST(? AS BIGINT) FROM blobs WHERE blob = ?',
    ...[blobKey, unreferencedFrom, source.blob],
  )
}

export function* move(request: Parameters<Blobs['move']>[0]): Sql<'moved' | 'changed'> {
  const { from, to, ranges, at, oldUnreferencedFrom } = request
  const of = yield* one<{ datastore: number }>(
    'SELECT datastore FROM import_jobs WHERE job = (SELECT job FROM blobs WHERE blob = ?)',
    from.blob,
  )
  if (of === undefined) return 'changed'
  yield* lockChanges(of.datastore)
  const reserved = yield* one<{ blob: number }>(
    `SELECT blob FROM blobs WHERE blob_key = ? AND unreferenced_since > ? AND purged_at IS NULL ${LOCKED}`,
    ...[to.blobKey, at],
  )
  // By its key too: after another worker has moved it, the number stands for another blob.
  const old = yield* one<
    RowToCompact & Pick<RowOf<'blobs'>, 'job' | 'is_counted' | 'partly_unreferenced_since' | 'compacting_until'>
  >(
    `SELECT job, blob, blob_key, size_bytes, sha256, is_counted, partly_unreferenced_since, compacting_until FROM blobs
     WHERE blob = ? AND blob_key = ? AND unreferenced_since IS NULL AND purged_at IS NULL ${LOCKED}`,
    ...[from.blob, from.blobKey],
  )
  if (reserved === undefined || old === undefined) return 'changed'
  const used: RangeColumns[] = []
  for (const columns of RANGE_COLUMNS) {
    const found = yield* rangesOf(columns, from.blob)
    if (found.some((place) => movedOffset(ranges, place) === undefined)) return 'changed'
    if (found.length > 0) used.push(columns)
  }
  for (const columns of used) yield* shift(columns, from.blob, ranges)
  yield* run('DELETE FROM blobs WHERE blob = ?', reserved.blob)
  const partlyUnreferencedSince = old.compacting_until === from.leaseUntil ? null : old.partly_unreferenced_since
  yield* run(
    `UPDATE blobs SET blob_key = ?, size_bytes = ?, sha256 = ?, is_counted = 1, partly_unreferenced_since = ?, compacting_until = NULL
     WHERE blob = ?`,
    ...[to.blobKey, to.digest.sizeBytes, to.digest.sha256, partlyUnreferencedSince, from.blob],
  )
  const { job, blob_key, size_bytes, sha256, is_counted } = old
  yield* insertRows('blobs', [
    { job, blob_key, size_bytes, sha256, is_counted, unreferenced_since: oldUnreferencedFrom },
  ])
  return 'moved'
}

/** Few sizes, so that few statements are prepared. */
const RANGES_PER_STATEMENT = [4, 32, 128]

/** In ascending order: a moved range lies before all ranges that are still to be moved, so that no statement moves it again. */
function* shift(columns: RangeColumns, blob: number, ranges: readonly MovedRange[]): Sql<void> {
  const { table, offset } = columns
  for (let start = 0; start < ranges.length; ) {
    const size = RANGES_PER_STATEMENT.find((count) => count >= ranges.length - start) ?? RANGES_PER_STATEMENT.at(-1)!
    const some = ranges.slice(start, start + size)
    const last = some.at(-1)!
    start += size
    const rows = Array.from({ length: size }, (_, at) => some[at] ?? last)
    const values: readonly SqlValue[] = rows.flatMap(({ offsetBytes, movedTo }) => [offsetBytes, offsetBytes - movedTo])
    const tuples = Array(size).fill('(CAST(? AS BIGINT), CAST(? AS BIGINT))').join(', ')
    yield* run(
      `WITH ranges (range_start, shift) AS (VALUES ${tuples})
       UPDATE ${table} SET ${offset} = ${offset} - (
         SELECT shift FROM ranges WHERE range_start <= ${offset} ORDER BY range_start DESC LIMIT 1
       ) WHERE ${ofUsers(columns)} AND ${offset} >= ? AND ${offset} <= ?`,
      ...[...values, blob, blob, some[0]!.offsetBytes, last.offsetBytes + last.sizeBytes],
    )
  }
}
