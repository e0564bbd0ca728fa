/** The search index: leaves of image sets by their dates, per space; one covering index per text; those by date by is_primary too. */
import type { Dialect } from '../engine/differences.ts'

/** What a search looks at in the image sets of one text, so that none of their rows is read. */
const LOOKED_AT = 'created_at, updated_at, study_timestamp, is_primary, changed_in'

const TEXTS = [
  ['patient', 'patient_id'],
  ['accession', 'accession_number'],
  ['study_id', 'study_id'],
]

/** A UID is of few image sets and long: their rows are read instead, and its index stays as it is when a date moves. */
const UIDS = [
  ['study', 'study_instance_uid'],
  ['series', 'series_instance_uid'],
]

const DATES = [
  ['updated', 'updated_at'],
  ['created', 'created_at'],
  ['study_timestamp', 'study_timestamp'],
]

export const searchIndex = ({ countedKey, numberKey, bytes, text, thenSeq, thenCondition }: Dialect): string => `
${TEXTS.map(
  ([name, column]) => `DROP INDEX image_sets_${name};
CREATE INDEX image_sets_${name} ON image_sets (datastore, ${column}, ${LOOKED_AT}${thenCondition('deleted_at')}) WHERE deleted_at IS NULL;`,
).join('\n')}
${UIDS.map(
  ([name, column]) => `DROP INDEX image_sets_${name};
CREATE INDEX image_sets_${name} ON image_sets (datastore, ${column}) WHERE deleted_at IS NULL;`,
).join('\n')}
DROP INDEX image_sets_not_primary;
${DATES.map(
  ([name, column]) => `DROP INDEX image_sets_${name};
CREATE INDEX image_sets_${name} ON image_sets (datastore, is_primary, ${column}${thenSeq}) WHERE deleted_at IS NULL;`,
).join('\n')}

ALTER TABLE changes ADD COLUMN last_partition BIGINT NOT NULL DEFAULT 0;
ALTER TABLE changes ADD COLUMN written_by ${text} NOT NULL DEFAULT '';

CREATE TABLE search_partitions (
  partition ${numberKey},
  datastore BIGINT NOT NULL REFERENCES datastores,
  attribute ${text} NOT NULL,
  value ${text} NOT NULL,
  UNIQUE (datastore, value, attribute)
);

CREATE TABLE search_leaves (
  leaf ${countedKey},
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
