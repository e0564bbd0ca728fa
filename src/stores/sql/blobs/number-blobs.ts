/** The row number of each blob that something is about to be recorded in: a blob without a row gets one. */
import assert from 'node:assert/strict'
import type { BlobDigests } from '../../blobs/blob-store.ts'
import { insertAll, type Sql } from '../engine/statement.ts'

/** Rows name a blob by number: its key is long and many instances lie in one. */
export function* numberBlobs(
  job: number,
  blobKeys: readonly string[],
  digests: BlobDigests,
): Sql<ReadonlyMap<string, number>> {
  const keys = new Set(blobKeys)
  const rows = yield* insertAll<{ blob: number; blob_key: string }>('blobs', {
    columns: ['job', 'blob_key', 'size_bytes', 'sha256'],
    rows: [...keys].map((key) => {
      const digest = digests.get(key)
      assert(digest, 'a blob is recorded with its digest')
      return [job, key, digest.sizeBytes, digest.sha256]
    }),
    // Changes nothing and is there for RETURNING, which tells nothing of a row that was left alone.
    suffix:
      'ON CONFLICT (blob_key) WHERE removed_at IS NULL DO UPDATE SET blob_key = excluded.blob_key RETURNING blob, blob_key',
  })
  return new Map(rows.map((row) => [row.blob_key, row.blob]))
}
