/**
 * The tables and indexes of the catalog, on SQLite and PostgreSQL. The comments are SQL: SQLite keeps those inside a table, so that
 * `.schema` shows them.
 *
 * Times are milliseconds since 1970 (UTC). Truth values are 0 and 1. An offset and a size in bytes are a range of the blob named beside
 * them. A column that refers to a table and is named as its key, such as `datastore`, holds the number of the row: one or two bytes,
 * where an id has 32.
 */
import type { Dialect } from '../engine/differences.ts'
import { accessTables } from './access-tables.ts'
import { maintenanceTables } from './maintenance-tables.ts'
import { searchTables } from './search-tables.ts'
import { serverTables } from './server-tables.ts'
import { studyTables } from './study-tables.ts'

/** What searches compare of the image sets of one text. An index with these columns answers without reading the rows. */
const COVERED = 'created_at, updated_at, study_timestamp, is_primary, changed_in'

/** Where the metadata and the frames of an instance lie. A published file's are copied from import_files to instances. */
const instanceRanges = ({ text }: Dialect, { notNull }: { readonly notNull: string }) => `
  -- The entry of the instance in a metadata document, directly followed by its patient, study and series attributes.
  metadata_blob BIGINT${notNull},
  metadata_offset_bytes BIGINT${notNull},
  instance_metadata_bytes BIGINT${notNull},
  attributes_bytes BIGINT${notNull},
  -- NULL where no frame is stored. The first 24 digits of the ids of its frames.
  frames_key ${text},
  frames_blob BIGINT,
  frames_offset_bytes BIGINT,
  frames_size_bytes BIGINT,
  frame_count BIGINT,
  -- What the range holds: 'frame', the only frame, or 'table', the place and checksum of each.
  frames_hold ${text},
  -- Of the only frame.
  frames_checksum BIGINT,
  stored_transfer_syntax_uid ${text},
  -- NULL where it has none, or one that is not an integer.
  instance_number BIGINT,
  -- The codes of the warnings of its import, between backslashes. NULL where there are none.
  warning_reasons ${text}`

/** The range of a version's patient, study and series attributes, and of what its instances have differently. */
const attributesRange = ({ notNull }: { readonly notNull: string }) => `
  attributes_blob BIGINT${notNull},
  attributes_offset_bytes BIGINT${notNull},
  attributes_size_bytes BIGINT${notNull}`

/*
 * Indexes on image sets leave out deleted ones, so that no search reads their remains, and begin with the data store. All end in the row
 * id, SQLite's by themselves.
 */
export const catalogSchema = (dialect: Dialect): string => {
  const { bytes, countedKey, inKeyOrder, lastingKey, numberKey, references, text, thenCondition, thenRowId } = dialect
  return `
-- Values that all processes of a catalog share: secrets, and the format of the search index.
CREATE TABLE settings (
  name ${text} PRIMARY KEY,
  value ${text} NOT NULL
) ${inKeyOrder};

-- One row. A transaction that creates a data store or begins maintenance locks it until its commit.
CREATE TABLE creations (
  only_row BIGINT PRIMARY KEY CHECK (only_row = 1)
);
INSERT INTO creations (only_row) VALUES (1);

CREATE TABLE datastores (
  datastore ${countedKey},
  datastore_id ${text} NOT NULL UNIQUE,
  datastore_name ${text},
  datastore_status ${text} NOT NULL,
  kms_key_arn ${text},
  lambda_authorizer_arn ${text},
  lossless_storage_format ${text} NOT NULL,
  -- Over how many partitions its studies are spread. 1: all are in the control catalog.
  partitions BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  -- Of a deleted data store: when it was deleted.
  updated_at BIGINT NOT NULL
);
CREATE INDEX datastores_newest ON datastores (created_at, datastore_id);

-- A row for each data store. Each change of its image sets takes the next number and locks the row until its commit.
CREATE TABLE changes (
  datastore ${numberKey} REFERENCES datastores,
  number BIGINT NOT NULL DEFAULT 0,
  -- Snapshots before this number can no longer be read.
  history_purged_to BIGINT NOT NULL DEFAULT 0,
  -- The write tokens of the last change and of the one before: a number is given again after a rollback, a token is not.
  write_token ${text} NOT NULL DEFAULT '',
  former_write_token ${text} NOT NULL DEFAULT '',
  -- How many numbers were given to leaves of the search index.
  last_leaf BIGINT NOT NULL DEFAULT 0,
  -- How often attributes were declared searchable, or removed: the number of the last declaration.
  declarations BIGINT NOT NULL DEFAULT 0,
  -- While the search index is rebuilt: the last image set that has been added.
  rebuilt_to BIGINT
);

-- Of a partition: studies that the hash of their StudyInstanceUID places here, and that another partition has.
CREATE TABLE moved_studies (
  datastore BIGINT NOT NULL REFERENCES datastores,
  -- SHA-256 of the StudyInstanceUID.
  study_digest ${text} NOT NULL,
  partition BIGINT NOT NULL,
  PRIMARY KEY (datastore, study_digest)
) ${inKeyOrder};

-- Data keys of encrypted data stores, and of uploads. A data store without a row is not encrypted.
CREATE TABLE data_keys (
  owner_id ${text} PRIMARY KEY,
  -- Of the key that wraps it.
  key_arn ${text} NOT NULL,
  -- NULL until it is first needed, and after it was destroyed.
  wrapped ${bytes},
  destroyed_at BIGINT
) ${inKeyOrder};

CREATE TABLE tags (
  -- A datastoreId or an imageSetId.
  resource_id ${text} NOT NULL,
  tag_key ${text} NOT NULL,
  tag_value ${text} NOT NULL,
  PRIMARY KEY (resource_id, tag_key)
) ${inKeyOrder};

-- Recent client tokens: a repeated request gets the resource of the first.
CREATE TABLE client_tokens (
  scope ${text} NOT NULL,
  client_token ${text} NOT NULL,
  -- Of the request: a token with another request is refused.
  fingerprint ${text} NOT NULL,
  resource_id ${text} NOT NULL,
  used_at BIGINT NOT NULL,
  PRIMARY KEY (scope, client_token)
) ${inKeyOrder};
CREATE INDEX client_tokens_oldest ON client_tokens (used_at);

CREATE TABLE import_jobs (
  job ${countedKey},
  job_id ${text} NOT NULL UNIQUE,
  datastore BIGINT NOT NULL REFERENCES datastores,
  job_name ${text},
  job_status ${text} NOT NULL,
  data_access_role_arn ${text} NOT NULL,
  input_s3_uri ${text} NOT NULL,
  output_s3_uri ${text} NOT NULL,
  -- JSON.
  import_configuration ${text},
  message ${text},
  submitted_at BIGINT NOT NULL,
  ended_at BIGINT,
  files_done BIGINT NOT NULL,
  -- Of files_done.
  files_failed BIGINT NOT NULL,
  files_skipped BIGINT NOT NULL,
  -- NULL until the input is listed.
  files_found BIGINT,
  -- Claims since a file was recorded or an image set published.
  attempts BIGINT NOT NULL,
  -- NULL of a job that is not claimed: it was never claimed, its turn has ended, or it was released.
  lease_owner ${text},
  -- Of a job that is not claimed: since when it waits. NULL until the first claim.
  lease_until BIGINT,
  -- When it was last claimed, and how often.
  served_at BIGINT,
  claims BIGINT NOT NULL DEFAULT 0,
  -- The greatest key of the files that partitions have recorded. NULL of a data store with one.
  recorded_to ${text},
  -- What its worker needs to go on after a turn that ended: JSON. NULL if a worker died or released it.
  turn_state ${text},
  -- 0 from the end of a job until its rows in import_files and import_groups are deleted.
  purged BIGINT NOT NULL
);
CREATE INDEX import_jobs_newest ON import_jobs (datastore, submitted_at, job_id);
CREATE INDEX import_jobs_running ON import_jobs (datastore, ended_at) WHERE ended_at IS NULL;
-- Its last entry of a data store: when a job of it was last claimed.
CREATE INDEX import_jobs_served ON import_jobs (datastore, served_at) WHERE served_at IS NOT NULL;
CREATE INDEX import_jobs_unpurged ON import_jobs (ended_at) WHERE purged = 0;

-- The row of a purged blob stays as a tombstone: its number is in rows that are not searched by it, and must not name another blob.
CREATE TABLE blobs (
  blob ${countedKey},
  -- The job that put it, or whose files it was made from.
  job BIGINT NOT NULL REFERENCES import_jobs,
  blob_key ${text} NOT NULL,
  -- NULL of a blob that is reserved for compaction.
  size_bytes BIGINT,
  sha256 ${text},
  -- 0: another partition has the blob too, and counts its size.
  is_counted BIGINT NOT NULL DEFAULT 1,
  -- No image set uses it, and its job has ended. It is purged after a grace period for readers.
  unreferenced_since BIGINT,
  -- An image set was deleted from it while others use it. It is compacted after the same grace period.
  partly_unreferenced_since BIGINT,
  -- One worker compacts it until then.
  compacting_until BIGINT,
  purged_at BIGINT,
  UNIQUE (job, blob_key)
);
CREATE UNIQUE INDEX blobs_by_key ON blobs (blob_key) WHERE purged_at IS NULL;
CREATE INDEX blobs_unreferenced ON blobs (blob) WHERE unreferenced_since IS NOT NULL;
CREATE INDEX blobs_partly_unreferenced ON blobs (partly_unreferenced_since) WHERE partly_unreferenced_since IS NOT NULL;

-- The row of a deleted image set stays, without patient data.
CREATE TABLE image_sets (
  row_id ${countedKey},
  -- The random end of the imageSetId, which begins with the row id.
  id_suffix ${text} NOT NULL,
  datastore BIGINT NOT NULL ${references('datastores')},
  version BIGINT NOT NULL,
  image_set_state ${text} NOT NULL,
  workflow_status ${text} NOT NULL,
  is_primary BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  -- NULL: visible. 0: a copy that is not complete.
  deleted_at BIGINT,
  last_accessed_at BIGINT NOT NULL,
  -- The number of the change that wrote the row.
  changed_in BIGINT NOT NULL,
  study_timestamp BIGINT,
  -- The grouping elements. Searches compare the first five.
  patient_id ${text},
  accession_number ${text},
  study_id ${text},
  study_instance_uid ${text},
  series_instance_uid ${text},
  study_date ${text},
  series_number ${text},
  instance_count BIGINT NOT NULL,
  -- The DICOMTags of a search summary: JSON.
  tags ${text} NOT NULL,
  -- Texts that searches by words compare and the tags do not have: JSON. NULL where there are none.
  unlisted_texts ${text}
);
-- With is_primary, so that primary image sets and the others are two ranges.
CREATE INDEX image_sets_updated ON image_sets (datastore, is_primary, updated_at${thenRowId}) WHERE deleted_at IS NULL;
CREATE INDEX image_sets_created ON image_sets (datastore, is_primary, created_at${thenRowId}) WHERE deleted_at IS NULL;
CREATE INDEX image_sets_study_timestamp ON image_sets (datastore, is_primary, study_timestamp${thenRowId}) WHERE deleted_at IS NULL;
CREATE INDEX image_sets_patient ON image_sets (datastore, patient_id, ${COVERED}${thenCondition('deleted_at')}) WHERE deleted_at IS NULL;
CREATE INDEX image_sets_accession ON image_sets (datastore, accession_number, ${COVERED}${thenCondition('deleted_at')}) WHERE deleted_at IS NULL;
CREATE INDEX image_sets_study_id ON image_sets (datastore, study_id, ${COVERED}${thenCondition('deleted_at')}) WHERE deleted_at IS NULL;
-- A UID is long and has few image sets: their rows are read instead, and a new date does not change the index.
CREATE INDEX image_sets_study ON image_sets (datastore, study_instance_uid) WHERE deleted_at IS NULL;
CREATE INDEX image_sets_series ON image_sets (datastore, series_instance_uid) WHERE deleted_at IS NULL;

-- Former states of image sets, for searches that read an earlier snapshot: current from one change until before the other.
CREATE TABLE image_set_history (
  history_id ${countedKey},
  from_change BIGINT NOT NULL,
  until_change BIGINT NOT NULL,
  superseded_at BIGINT NOT NULL,
  row_id BIGINT NOT NULL ${references('image_sets')},
  id_suffix ${text} NOT NULL,
  datastore BIGINT NOT NULL,
  version BIGINT NOT NULL,
  is_primary BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  last_accessed_at BIGINT NOT NULL,
  study_timestamp BIGINT,
  patient_id ${text},
  accession_number ${text},
  study_id ${text},
  study_instance_uid ${text},
  series_instance_uid ${text},
  tags ${text} NOT NULL,
  unlisted_texts ${text}
);
CREATE INDEX image_set_history_until ON image_set_history (datastore, until_change);
CREATE INDEX image_set_history_of ON image_set_history (row_id);

CREATE TABLE image_set_versions (
  row_id BIGINT NOT NULL ${references('image_sets')},
  version BIGINT NOT NULL,
  workflow_status ${text} NOT NULL,
  is_primary BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  -- Why an update or a copy failed.
  message ${text},
  forced BIGINT NOT NULL DEFAULT 0,
  -- NULL of a failed copy and of a deleted image set.${attributesRange({ notNull: '' })},
  PRIMARY KEY (row_id, version)
) ${inKeyOrder};

-- The metadata document of each version: the range of its deflated body.
CREATE TABLE image_set_documents (
  row_id BIGINT NOT NULL ${references('image_sets')},
  version BIGINT NOT NULL,
  blob BIGINT NOT NULL ${references('blobs')},
  offset_bytes BIGINT NOT NULL,
  size_bytes BIGINT NOT NULL,
  -- Size and CRC-32 of the JSON.
  content_bytes BIGINT NOT NULL,
  crc32 BIGINT NOT NULL,
  -- Of the deflated body.
  body_checksum BIGINT NOT NULL,
  PRIMARY KEY (row_id, version)
) ${inKeyOrder};

CREATE TABLE instances (
  row_id BIGINT NOT NULL ${references('image_sets')},
  sop_instance_uid ${text} NOT NULL,
  -- The first version with the row, and the first without it. An updated instance gets another row.
  added_in BIGINT NOT NULL,
  removed_in BIGINT,
  -- The file as it was imported.
  blob BIGINT NOT NULL ${references('blobs')},
  offset_bytes BIGINT NOT NULL,
  size_bytes BIGINT NOT NULL,
  transfer_syntax_uid ${text} NOT NULL,
  sop_class_uid ${text} NOT NULL,${instanceRanges(dialect, { notNull: ' NOT NULL' })},
  PRIMARY KEY (row_id, sop_instance_uid, added_in)
) ${inKeyOrder};
CREATE INDEX instances_by_frames ON instances (frames_key, row_id) WHERE frames_key IS NOT NULL;

-- Which image sets use which blob: a blob without a row here is unreferenced.
CREATE TABLE blob_uses (
  blob BIGINT NOT NULL ${references('blobs')},
  row_id BIGINT NOT NULL ${references('image_sets')},
  PRIMARY KEY (blob, row_id)
) ${inKeyOrder};
CREATE INDEX blob_uses_of ON blob_uses (row_id, blob);

-- Files of a job with equal grouping elements. Study timestamp, tags and attributes are those of the last file.
CREATE TABLE import_groups (
  group_id ${countedKey},
  job BIGINT NOT NULL ${references('import_jobs')},
  -- The grouping elements: JSON.
  grouping_key ${text} NOT NULL,
  -- A digest of the key. Seven elements of 256 characters are longer than an entry of a PostgreSQL index can be.
  grouping_digest ${text} NOT NULL,
  study_timestamp BIGINT,
  tags ${text} NOT NULL,
  unlisted_texts ${text},${attributesRange({ notNull: ' NOT NULL' })},
  -- The version that the group was published as. NULL until then.
  row_id BIGINT ${references('image_sets')},
  version BIGINT,
  is_primary BIGINT,
  matched_instances BIGINT
);
CREATE UNIQUE INDEX import_groups_waiting_by_digest ON import_groups (job, grouping_digest) WHERE row_id IS NULL;
CREATE INDEX import_groups_by_image_set ON import_groups (job, row_id);

-- The files of jobs that have not ended, numbered in the order of their keys.
CREATE TABLE import_files (
  file ${countedKey},
  job BIGINT NOT NULL ${references('import_jobs')},
  file_key ${text} NOT NULL,
  -- Of a failed or skipped file: why. The columns of stored files are NULL then.
  exception_type ${text},
  message ${text},
  group_id BIGINT ${references('import_groups')},
  -- JSON.
  warnings ${text},
  sop_instance_uid ${text},
  blob BIGINT ${references('blobs')},
  offset_bytes BIGINT,
  size_bytes BIGINT,
  transfer_syntax_uid ${text},
  sop_class_uid ${text},${instanceRanges(dialect, { notNull: '' })},
  UNIQUE (job, file_key)
);
CREATE INDEX import_files_in_group ON import_files (group_id);

-- Updates, copies and deletions that have not ended. Keys are never given again: names of blobs contain them.
CREATE TABLE workflows (
  workflow ${lastingKey},
  datastore BIGINT NOT NULL REFERENCES datastores,
  operation ${text} NOT NULL,
  -- JSON.
  request ${text} NOT NULL,
  begun_at BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  lease_owner ${text},
  lease_until BIGINT
);
CREATE INDEX workflows_of ON workflows (datastore);

-- An image set is locked by at most one workflow.
CREATE TABLE workflow_image_sets (
  row_id ${numberKey} REFERENCES image_sets,
  workflow BIGINT NOT NULL REFERENCES workflows,
  -- 'changed', 'sibling', 'created' or 'source'.
  role ${text} NOT NULL,
  -- The next version. Of a source, or in a deletion: the current one.
  version BIGINT NOT NULL
);
CREATE INDEX workflow_image_sets_of ON workflow_image_sets (workflow);

${studyTables(dialect)}${searchTables(dialect)}${accessTables(dialect)}${maintenanceTables(dialect)}${serverTables(dialect)}`
}
