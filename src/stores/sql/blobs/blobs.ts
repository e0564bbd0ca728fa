/** Blobs in SQL: those that are unreferenced, and what `hilum verify` compares with the blob store. */
import assert from 'node:assert/strict'
import type { BlobRecord, Blobs, BlobUse, UnreferencedBlob, VersionDocument } from '../../catalog/blob-repository.ts'
import { all, allOfMany, one, type Sql, type Transactions } from '../engine/statement.ts'
import { BACKUP_RUNS } from '../maintenance/maintenance.ts'
import {
  claimForCompaction,
  isAnyToCompact,
  move,
  RANGE_COLUMNS,
  reserve,
  skipCompaction,
  usedRanges,
} from './compaction.ts'
import { framesOfInstances, getFrames } from './verify-frames.ts'

export const blobsOver = (database: Transactions): Blobs => ({
  listUnreferenced: (request) => database.read(() => unreferencedBlobs(request)),
  markPurged: (blobs, at) => database.write(() => markPurged(blobs, at)),
  list: (request) => database.read(() => list(request)),
  get: (blobKeys) => database.read(() => get(blobKeys)),
  listDocuments: (request) => database.read(() => listDocuments(request)),
  listFrames: (request) => database.read(() => framesOfInstances(request)),
  getFrames: (row) => database.read(() => getFrames(row)),
  listUses: (request) => database.read(() => listUses(request)),
  totals: () => database.read(totals),
  async claimForCompaction(request) {
    // Usually nothing is due: check in a read transaction first.
    if (!(await database.read(() => isAnyToCompact(request)))) return undefined
    return database.write(() => claimForCompaction(request))
  },
  usedRanges: ({ blob }) => database.read(() => usedRanges(blob)),
  skipCompaction: (toCompact) => database.write(() => skipCompaction(toCompact)),
  reserve: (request) => database.write(() => reserve(request)),
  move: (request) => database.write(() => move(request)),
})

interface BlobRow {
  readonly blob: number
  readonly blob_key: string
  readonly size_bytes: number | null
  readonly sha256: string | null
  readonly unreferenced_since: number | null
}

const COLUMNS = 'blob, blob_key, size_bytes, sha256, unreferenced_since'

function knownOf({ blob, blob_key: blobKey, size_bytes: sizeBytes, sha256, unreferenced_since }: BlobRow): BlobRecord {
  const digest = sizeBytes === null || sha256 === null ? undefined : { sizeBytes, sha256 }
  if (unreferenced_since !== null) return { blob, blobKey, digest, isUnreferenced: true }
  assert(digest, 'a blob in use has its digest')
  return { blob, blobKey, digest, isUnreferenced: false }
}

function* unreferencedBlobs({
  before,
  now,
  limit,
}: Parameters<Blobs['listUnreferenced']>[0]): Sql<readonly UnreferencedBlob[]> {
  const rows = yield* all<Pick<BlobRow, 'blob' | 'blob_key'>>(
    `SELECT blob, blob_key FROM blobs WHERE unreferenced_since IS NOT NULL AND unreferenced_since < ? AND NOT ${BACKUP_RUNS}
     ORDER BY blob LIMIT ?`,
    ...[before, now, limit],
  )
  return rows.map(({ blob, blob_key }) => ({ blob, blobKey: blob_key }))
}

function* markPurged(blobs: readonly UnreferencedBlob[], at: number): Sql<void> {
  yield* allOfMany(
    (marks) =>
      `UPDATE blobs SET unreferenced_since = NULL, purged_at = CAST(? AS BIGINT)
       WHERE blob IN (${marks}) AND unreferenced_since IS NOT NULL RETURNING 1 AS updated`,
    [at],
    blobs.map(({ blob }) => blob),
  )
}

function* list({ after, limit }: Parameters<Blobs['list']>[0]): Sql<readonly BlobRecord[]> {
  const rows = yield* all<BlobRow>(
    `SELECT ${COLUMNS} FROM blobs WHERE purged_at IS NULL AND blob_key > ? ORDER BY blob_key LIMIT ?`,
    ...[after ?? '', limit],
  )
  return rows.map(knownOf)
}

function* get(blobKeys: readonly string[]): Sql<readonly BlobRecord[]> {
  const rows = yield* allOfMany<BlobRow>(
    (marks) => `SELECT ${COLUMNS} FROM blobs WHERE purged_at IS NULL AND blob_key IN (${marks})`,
    [],
    blobKeys,
  )
  return rows.map(knownOf)
}

function* listDocuments({ after, limit }: Parameters<Blobs['listDocuments']>[0]): Sql<readonly VersionDocument[]> {
  const rows = yield* all<{
    readonly row_id: number
    readonly version: number
    readonly blob_key: string
    readonly offset_bytes: number
    readonly size_bytes: number
    readonly content_bytes: number
    readonly crc32: number
    readonly body_checksum: number
  }>(
    `SELECT row_id, version, blob_key, offset_bytes, documents.size_bytes, content_bytes, crc32, body_checksum
     FROM image_set_documents AS documents JOIN blobs ON blobs.blob = documents.blob
     WHERE (row_id, version) > (?, ?) ORDER BY row_id, version LIMIT ?`,
    ...[after?.rowId ?? 0, after?.version ?? 0, limit],
  )
  return rows.map((row) => ({
    rowId: row.row_id,
    version: row.version,
    range: {
      ...{ blobKey: row.blob_key, offsetBytes: row.offset_bytes, sizeBytes: row.size_bytes },
      ...{ contentBytes: row.content_bytes, crc32: row.crc32, bodyChecksum: row.body_checksum },
    },
  }))
}

/** How far the ranges of some image sets reach into each blob; -1 for a row of blob_uses. */
const REACHES = [
  ...RANGE_COLUMNS.map(({ table, blob, offset, size }) => [table, blob, `${offset} + ${size}`]),
  ['blob_uses', 'blob', '-1'],
]
  .map(
    ([table, blob, reach]) =>
      `SELECT row_id, ${blob} AS blob, ${reach} AS reach FROM ${table} WHERE row_id > ? AND row_id <= ? AND ${blob} IS NOT NULL`,
  )
  .join(' UNION ALL ')

function* listUses({
  after,
  imageSets,
}: Parameters<Blobs['listUses']>[0]): Sql<Awaited<ReturnType<Blobs['listUses']>>> {
  const rowIds = yield* all<{ row_id: number }>(
    'SELECT row_id FROM image_sets WHERE row_id > ? ORDER BY row_id LIMIT ?',
    after,
    imageSets,
  )
  const last = rowIds.at(-1)?.row_id
  if (last === undefined) return { last, imageSets: 0, uses: [] }
  const rows = yield* all<{
    readonly row_id: number
    readonly used_blob: number
    readonly farthest: number
    readonly nearest: number
    readonly blob: number | null
    readonly blob_key: string
    readonly size_bytes: number | null
    readonly sha256: string | null
    readonly unreferenced_since: number | null
  }>(
    `SELECT row_id, reached.blob AS used_blob, farthest, nearest, blobs.blob AS blob, blob_key, size_bytes, sha256, unreferenced_since
     FROM (
       SELECT row_id, blob, max(reach) AS farthest, min(reach) AS nearest FROM (${REACHES}) AS reaches GROUP BY row_id, blob
     ) AS reached LEFT JOIN blobs ON blobs.blob = reached.blob AND purged_at IS NULL ORDER BY row_id, used_blob`,
    ...Array.from({ length: 6 }, () => [after, last]).flat(),
  )
  const found = rows.map(
    (row): BlobUse => ({
      rowId: row.row_id,
      blob: row.used_blob,
      record: row.blob === null ? undefined : knownOf({ ...row, blob: row.blob }),
      endBytes: row.farthest < 0 ? undefined : row.farthest,
      isRecorded: row.nearest < 0,
    }),
  )
  return { last, imageSets: rowIds.length, uses: found }
}

function* totals(): Sql<Awaited<ReturnType<Blobs['totals']>>> {
  const row = yield* one<{ image_sets: number; documents: number; instances: number; size_bytes: number }>(
    `SELECT (SELECT count(*) FROM image_sets) AS image_sets, (SELECT count(*) FROM image_set_documents) AS documents,
     (SELECT count(*) FROM instances WHERE frames_key IS NOT NULL) AS instances,
     (SELECT CAST(coalesce(sum(size_bytes), 0) AS BIGINT) FROM blobs WHERE purged_at IS NULL AND is_counted = 1) AS size_bytes`,
  )
  const { image_sets: imageSets, documents, instances: framesOfInstances, size_bytes: sizeBytes } = row!
  return { imageSets, documents, framesOfInstances, sizeBytes }
}
