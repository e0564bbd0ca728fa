/** The first schema: data stores, import jobs with their files and groups, image sets with versions, instances and search rows. */
import type { Dialect } from '../engine/differences.ts'

/*
 * Every index on image sets leaves deleted ones out (deleted_at IS NULL), so that a search never walks over their remains, and
 * starts with the data store's number, one or two bytes instead of its id's 32. All end in seq:
 * SQLite's by themselves.
 */
export const catalog = ({ countedKey, inKeyOrder, text, thenSeq }: Dialect): string => `
CREATE TABLE settings (name ${text} PRIMARY KEY, value ${text} NOT NULL) ${inKeyOrder};

CREATE TABLE changes (
  only_row BIGINT PRIMARY KEY CHECK (only_row = 1),
  number BIGINT NOT NULL,
  history_purged_to BIGINT NOT NULL
);
INSERT INTO changes (only_row, number, history_purged_to) VALUES (1, 0, 0);

CREATE TABLE datastores (
  datastore ${countedKey},
  datastore_id ${text} NOT NULL UNIQUE,
  datastore_name ${text},
  datastore_status ${text} NOT NULL,
  kms_key_arn ${text},
  lambda_authorizer_arn ${text},
  lossless_storage_format ${text} NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX datastores_newest ON datastores (created_at, datastore_id);

CREATE TABLE tags (
  resource_id ${text} NOT NULL,
  tag_key ${text} NOT NULL,
  tag_value ${text} NOT NULL,
  PRIMARY KEY (resource_id, tag_key)
) ${inKeyOrder};

CREATE TABLE client_tokens (
  scope ${text} NOT NULL,
  client_token ${text} NOT NULL,
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
  message ${text},
  submitted_at BIGINT NOT NULL,
  ended_at BIGINT,
  files_done BIGINT NOT NULL,
  files_found BIGINT,
  attempts BIGINT NOT NULL,
  lease_owner ${text},
  lease_until BIGINT,
  purged BIGINT NOT NULL,
  import_configuration ${text}
);
CREATE INDEX import_jobs_newest ON import_jobs (datastore, submitted_at, job_id);
CREATE INDEX import_jobs_running ON import_jobs (datastore, ended_at) WHERE ended_at IS NULL;
CREATE INDEX import_jobs_unpurged ON import_jobs (ended_at) WHERE purged = 0;

CREATE TABLE blobs (
  blob ${countedKey},
  job BIGINT NOT NULL REFERENCES import_jobs,
  blob_key ${text} NOT NULL,
  UNIQUE (job, blob_key)
);

CREATE TABLE image_sets (
  seq ${countedKey},
  id_suffix ${text} NOT NULL,
  datastore BIGINT NOT NULL REFERENCES datastores,
  version BIGINT NOT NULL,
  image_set_state ${text} NOT NULL,
  workflow_status ${text} NOT NULL,
  is_primary BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  deleted_at BIGINT,
  last_accessed_at BIGINT NOT NULL,
  changed_in BIGINT NOT NULL,
  study_timestamp BIGINT,
  patient_id ${text},
  accession_number ${text},
  study_id ${text},
  study_instance_uid ${text},
  series_instance_uid ${text},
  study_date ${text},
  series_number ${text},
  instance_count BIGINT NOT NULL,
  tags ${text} NOT NULL
);
CREATE INDEX image_sets_updated ON image_sets (datastore, updated_at${thenSeq}) WHERE deleted_at IS NULL;
CREATE INDEX image_sets_created ON image_sets (datastore, created_at${thenSeq}) WHERE deleted_at IS NULL;
CREATE INDEX image_sets_study_timestamp ON image_sets (datastore, study_timestamp${thenSeq}) WHERE deleted_at IS NULL;
CREATE INDEX image_sets_patient ON image_sets (datastore, patient_id, updated_at${thenSeq}) WHERE deleted_at IS NULL;
CREATE INDEX image_sets_accession ON image_sets (datastore, accession_number, updated_at${thenSeq}) WHERE deleted_at IS NULL;
CREATE INDEX image_sets_study_id ON image_sets (datastore, study_id, updated_at${thenSeq}) WHERE deleted_at IS NULL;
CREATE INDEX image_sets_study ON image_sets (datastore, study_instance_uid, updated_at${thenSeq}) WHERE deleted_at IS NULL;
CREATE INDEX image_sets_series ON image_sets (datastore, series_instance_uid, updated_at${thenSeq}) WHERE deleted_at IS NULL;
CREATE INDEX image_sets_not_primary ON image_sets (datastore, updated_at${thenSeq}) WHERE deleted_at IS NULL AND is_primary = 0;

CREATE TABLE image_set_history (
  past ${countedKey},
  from_change BIGINT NOT NULL,
  until_change BIGINT NOT NULL,
  superseded_at BIGINT NOT NULL,
  seq BIGINT NOT NULL REFERENCES image_sets,
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
  tags ${text} NOT NULL
);
CREATE INDEX image_set_history_until ON image_set_history (datastore, until_change);
CREATE INDEX image_set_history_of ON image_set_history (seq);

CREATE TABLE image_set_versions (
  seq BIGINT NOT NULL REFERENCES image_sets,
  version BIGINT NOT NULL,
  workflow_status ${text} NOT NULL,
  is_primary BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (seq, version)
) ${inKeyOrder};

CREATE TABLE instances (
  seq BIGINT NOT NULL REFERENCES image_sets,
  sop_instance_uid ${text} NOT NULL,
  added_in BIGINT NOT NULL,
  removed_in BIGINT,
  blob BIGINT NOT NULL REFERENCES blobs,
  offset_bytes BIGINT NOT NULL,
  size_bytes BIGINT NOT NULL,
  transfer_syntax_uid ${text} NOT NULL,
  sop_class_uid ${text} NOT NULL,
  PRIMARY KEY (seq, sop_instance_uid, added_in)
) ${inKeyOrder};

CREATE TABLE import_groups (
  group_id ${countedKey},
  job BIGINT NOT NULL REFERENCES import_jobs,
  grouping_key ${text} NOT NULL,
  study_timestamp BIGINT,
  tags ${text} NOT NULL,
  seq BIGINT REFERENCES image_sets,
  version BIGINT,
  is_primary BIGINT,
  matched_instances BIGINT
);
CREATE UNIQUE INDEX import_groups_waiting_by_key ON import_groups (job, grouping_key) WHERE seq IS NULL;
CREATE INDEX import_groups_by_image_set ON import_groups (job, seq);

CREATE TABLE import_files (
  file ${countedKey},
  job BIGINT NOT NULL REFERENCES import_jobs,
  file_key ${text} NOT NULL,
  group_id BIGINT REFERENCES import_groups,
  sop_instance_uid ${text},
  sop_class_uid ${text},
  transfer_syntax_uid ${text},
  blob BIGINT REFERENCES blobs,
  offset_bytes BIGINT,
  size_bytes BIGINT,
  warnings ${text},
  exception_type ${text},
  message ${text},
  UNIQUE (job, file_key)
);
CREATE INDEX import_files_in_group ON import_files (group_id);
`
