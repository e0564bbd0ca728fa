/** The row number of each blob that something is about to be recorded in: a blob without a row gets one. */
import type { BlobDigests } from '../../blobs/blob-store.ts'
import { insertAll, type Sql } from '../engine/statement.ts'

/** Rows name a blob by number: its key is long and many instances lie in one. */
export function* numberBlobs(
  job: number,
  blobKeys: readonly string[],
  digests: BlobDigests = new Map(),
): Sql<ReadonlyMap<string, number>> {
  const keys = new Set(blobKeys)
  const rows = yield* insertAll<{ blob: number; blob_key: string }>('blobs', {
    columns: ['job', 'blob_key', 'size_bytes', 'sha256'],
    rows: [...keys].map((key) => [job, key, digests.get(key)?.sizeBytes ?? null, digests.get(key)?.sha256 ?? null]),
    // Changes nothing and is there for RETURNING, which tells nothing of a row that was left alone.
    suffix:
      'ON CONFLICT (blob_key) WHERE removed_at IS NULL DO UPDATE SET blob_key = excluded.blob_key RETURNING blob, blob_key',
  })
  return new Map(rows.map((row) => [row.blob_key, row.blob]))
}
