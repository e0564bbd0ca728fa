/**
 * The groups of a job that wait are found by a digest of their key: an entry of a PostgreSQL index ends at 2.7 kB, and seven elements
 * of 256 characters each, which an import admits, are longer. Groups from before get theirs in migrate.ts.
 */
import type { Dialect } from '../engine/differences.ts'

export const groupingDigest = ({ text }: Dialect): string => `
ALTER TABLE import_groups ADD COLUMN grouping_digest ${text};
DROP INDEX import_groups_waiting_by_key;
CREATE UNIQUE INDEX import_groups_waiting_by_digest ON import_groups (job, grouping_digest) WHERE seq IS NULL;
`
