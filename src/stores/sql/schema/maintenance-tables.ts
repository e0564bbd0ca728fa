/** The table of backups and scheduled verifications: a part of the catalog's schema. */
import type { Dialect } from '../engine/differences.ts'

export const maintenanceTables = ({ inKeyOrder, text }: Dialect): string => `
-- Backups and scheduled verifications. A run without an end holds its lease until it expires. Not a part of backups.
CREATE TABLE maintenance_runs (
  run_id ${text} PRIMARY KEY,
  -- 'backup' or 'verification'.
  kind ${text} NOT NULL,
  started_at BIGINT NOT NULL,
  lease_until BIGINT NOT NULL,
  ended_at BIGINT,
  -- 'succeeded' or 'failed'. NULL until the end.
  outcome ${text},
  -- JSON.
  report ${text} NOT NULL
) ${inKeyOrder};
CREATE INDEX maintenance_runs_newest ON maintenance_runs (kind, started_at);
`
