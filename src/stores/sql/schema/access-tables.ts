/** The tables of principals, their access keys and policies: a part of the catalog's schema. */
import type { Dialect } from '../engine/differences.ts'

export const accessTables = ({ bytes, inKeyOrder, lastingKey, text }: Dialect): string => `
-- One row. Each change of principals, access keys and policies takes the next number, by which caches are refreshed.
CREATE TABLE access_changes (
  only_row BIGINT PRIMARY KEY CHECK (only_row = 1),
  number BIGINT NOT NULL
);
INSERT INTO access_changes (only_row, number) VALUES (1, 0);

-- Keys are never given again: uploads belong to a principal by its key.
CREATE TABLE principals (
  principal ${lastingKey},
  principal_name ${text} NOT NULL UNIQUE,
  is_enabled BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  -- JSON.
  tags ${text} NOT NULL
);

CREATE TABLE access_keys (
  access_key_id ${text} PRIMARY KEY,
  principal BIGINT NOT NULL REFERENCES principals,
  -- Encrypted with a key that is not in the catalog.
  sealed_secret ${bytes} NOT NULL,
  created_at BIGINT NOT NULL,
  -- Of a key that was replaced by another.
  expires_at BIGINT
) ${inKeyOrder};
CREATE INDEX access_keys_of ON access_keys (principal);

-- One row for a caller whose sessions were ended: the access key of the owner, or "principal 7". Ended sessions started before.
CREATE TABLE session_ends (
  caller ${text} PRIMARY KEY,
  ended_at BIGINT NOT NULL
) ${inKeyOrder};

CREATE TABLE policies (
  policy_name ${text} PRIMARY KEY,
  -- JSON.
  document ${text} NOT NULL,
  updated_at BIGINT NOT NULL
) ${inKeyOrder};

CREATE TABLE attached_policies (
  principal BIGINT NOT NULL REFERENCES principals,
  policy_name ${text} NOT NULL,
  -- Of an inline policy: JSON. NULL of a policy of \`policies\`, or of one that exists without a row.
  document ${text},
  PRIMARY KEY (principal, policy_name)
) ${inKeyOrder};
CREATE INDEX attached_policies_by_name ON attached_policies (policy_name);
`
