/**
 * Blobs that image sets were deleted from while others use them, and until when somebody writes one of them anew. What was deleted before
 * this was known may lie in any blob of its data store, so all of them are looked at once.
 */
import type { Dialect } from '../engine/differences.ts'

export const hollowBlobs = (_: Dialect): string => `
ALTER TABLE blobs ADD COLUMN hollow_since BIGINT;
ALTER TABLE blobs ADD COLUMN rewriting_until BIGINT;
CREATE INDEX blobs_hollow ON blobs (hollow_since) WHERE hollow_since IS NOT NULL;
UPDATE blobs SET hollow_since = 0 WHERE free_since IS NULL AND removed_at IS NULL AND job IN (
  SELECT job FROM import_jobs WHERE datastore IN (SELECT datastore FROM image_sets WHERE image_set_state = 'DELETED')
);
`
