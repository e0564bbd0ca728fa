/** The numbers of blobs. A blob without a row gets one. */
import assert from 'node:assert/strict'
import type { BlobDigests } from '../../blobs/blob-store.ts'
import type { Sql } from '../engine/statement.ts'
import { insertRows } from '../rows/insert-rows.ts'

/** Rows refer to a blob by number: its key is long, and many instances are in one blob. */
export function* numberBlobs(
  job: number,
  blobKeys: readonly string[],
  digests: BlobDigests,
): Sql<ReadonlyMap<string, number>> {
  const keys = new Set(blobKeys)
  const rows = yield* insertRows(
    'blobs',
    [...keys].map((key) => {
      const digest = digests.get(key)
      assert(digest, 'a blob is recorded with its digest')
      const is_counted = digest.isCountedElsewhere === true ? 0 : 1
      return { job, blob_key: key, size_bytes: digest.sizeBytes, sha256: digest.sha256, is_counted }
    }),
    // The update changes nothing: without one, RETURNING leaves out rows that exist.
    {
      onConflict: 'ON CONFLICT (blob_key) WHERE purged_at IS NULL DO UPDATE SET blob_key = excluded.blob_key',
      returning: ['blob', 'blob_key'],
    },
  )
  return new Map(rows.map((row) => [row.blob_key, row.blob]))
}
