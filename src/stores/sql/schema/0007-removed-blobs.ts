/**
 * A blob whose bytes were removed stays as a row: its number is in rows that are not searched by it, and is never given again. A key is
 * that of one blob, whichever job or workflow names it; by their keys what is known can be compared with what is there.
 */
import type { Dialect } from '../engine/differences.ts'

export const removedBlobs = (_: Dialect): string => `
ALTER TABLE blobs ADD COLUMN removed_at BIGINT;
CREATE UNIQUE INDEX blobs_by_key ON blobs (blob_key) WHERE removed_at IS NULL;
`
