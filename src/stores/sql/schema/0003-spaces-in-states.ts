/**
 * Partitions of two texts, each space of primary image sets or of others, and in states, so that the index can be built anew beside
 * itself. Leaves are numbered by us.
 */
import type { Dialect } from '../engine/differences.ts'

export const partitionsInStates = ({ numberKey, bytes, text }: Dialect): string => `
DROP TABLE search_entries;
DROP TABLE search_leaves;
DROP TABLE search_partitions;

ALTER TABLE changes ADD COLUMN last_leaf BIGINT NOT NULL DEFAULT 0;
ALTER TABLE changes ADD COLUMN rebuilt_to BIGINT;

CREATE TABLE search_partitions (
  partition ${numberKey},
  datastore BIGINT NOT NULL REFERENCES datastores,
  state ${text} NOT NULL,
  is_primary BIGINT NOT NULL,
  attribute ${text} NOT NULL,
  value ${text} NOT NULL
);
CREATE UNIQUE INDEX search_partitions_by_value ON search_partitions (datastore, state, value, attribute, is_primary);

CREATE INDEX search_partitions_retired ON search_partitions (partition) WHERE state = 'retired';

CREATE TABLE search_leaves (
  leaf ${numberKey},
  partition BIGINT NOT NULL REFERENCES search_partitions,
  entry_count BIGINT NOT NULL,
  changed_in BIGINT NOT NULL,
  bounds ${bytes} NOT NULL
);
CREATE INDEX search_leaves_changed ON search_leaves (partition, changed_in);

CREATE TABLE search_entries (
  leaf ${numberKey} REFERENCES search_leaves,
  entries ${bytes} NOT NULL
);
`
