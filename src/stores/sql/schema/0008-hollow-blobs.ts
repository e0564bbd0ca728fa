/**
 * Blobs that image sets were deleted from while others use them, and until when somebody writes one of them anew. What was deleted before
 * this was known may lie in any blob of its data store, so all of them are looked at once.
 */
import type { Dialect } from '../engine/differences.ts'

export const blobsToCompact = (_: Dialect): string => `
ALTER TABLE blobs ADD COLUMN partly_unreferenced_since BIGINT;
ALTER TABLE blobs ADD COLUMN compacting_until BIGINT;
CREATE INDEX blobs_partly_unreferenced ON blobs (partly_unreferenced_since) WHERE partly_unreferenced_since IS NOT NULL;
UPDATE blobs SET partly_unreferenced_since = 0 WHERE unreferenced_since IS NULL AND removed_at IS NULL AND job IN (
  SELECT job FROM import_jobs WHERE datastore IN (SELECT datastore FROM image_sets WHERE image_set_state = 'DELETED')
);
`
