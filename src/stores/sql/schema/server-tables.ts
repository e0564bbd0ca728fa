/** The tables of the servers of a catalog, and of one-time links: a part of the catalog's schema. */
import type { Dialect } from '../engine/differences.ts'

export const serverTables = ({ inKeyOrder, text }: Dialect): string => `
-- Servers that share the catalog. Not a part of backups.
CREATE TABLE servers (
  server_id ${text} PRIMARY KEY,
  server_name ${text} NOT NULL,
  started_at BIGINT NOT NULL,
  seen_at BIGINT NOT NULL,
  -- JSON: the ids with which the owners of its leases begin.
  worker_ids ${text} NOT NULL,
  -- JSON: on what servers of a catalog agree.
  settings ${text} NOT NULL
) ${inKeyOrder};

-- One-time links. Not a part of backups.
CREATE TABLE one_time_links (
  -- SHA-256: the token itself is only in the link.
  token_digest ${text} PRIMARY KEY,
  -- 'console' or 'download'.
  kind ${text} NOT NULL,
  -- What it is exchanged for: JSON.
  subject ${text} NOT NULL,
  is_local BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
) ${inKeyOrder};
`
