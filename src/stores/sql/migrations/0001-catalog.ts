/** The first schema: data stores, import jobs with their files and groups, image sets with versions, instances and search rows. */
import type { Dialect } from '../differences.ts'

/*
 * Every index on image sets leaves deleted ones out (deleted_at IS NULL), so that a search never walks over their remains, and
 * starts with the data store's number, one or two bytes instead of its id's 32. All end in seq by themselves, being SQLite's.
 */
export const catalog = ({ countedKey, inKeyOrder }: Dialect): string => `
CREATE TABLE settings (name TEXT PRIMARY KEY, value TEXT NOT NULL) ${inKeyOrder};

CREATE TABLE changes (
  only_row BIGINT PRIMARY KEY CHECK (only_row = 1),
  number BIGINT NOT NULL,
  forgotten_to BIGINT NOT NULL
);
INSERT INTO changes (only_row, number, forgotten_to) VALUES (1, 0, 0);

CREATE TABLE datastores (
  datastore ${countedKey},
  datastore_id TEXT NOT NULL UNIQUE,
  datastore_name TEXT,
  datastore_status TEXT NOT NULL,
  kms_key_arn TEXT,
  lambda_authorizer_arn TEXT,
  lossless_storage_format TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL
);
CREATE INDEX datastores_newest ON datastores (created_at, datastore_id);

CREATE TABLE tags (
  resource_id TEXT NOT NULL,
  tag_key TEXT NOT NULL,
  tag_value TEXT NOT NULL,
  PRIMARY KEY (resource_id, tag_key)
) ${inKeyOrder};

CREATE TABLE client_tokens (
  scope TEXT NOT NULL,
  client_token TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  resource_id TEXT NOT NULL,
  used_at BIGINT NOT NULL,
  PRIMARY KEY (scope, client_token)
) ${inKeyOrder};
CREATE INDEX client_tokens_oldest ON client_tokens (used_at);

CREATE TABLE import_jobs (
  job ${countedKey},
  job_id TEXT NOT NULL UNIQUE,
  datastore BIGINT NOT NULL REFERENCES datastores,
  job_name TEXT,
  job_status TEXT NOT NULL,
  data_access_role_arn TEXT NOT NULL,
  input_s3_uri TEXT NOT NULL,
  output_s3_uri TEXT NOT NULL,
  message TEXT,
  submitted_at BIGINT NOT NULL,
  ended_at BIGINT,
  files_done BIGINT NOT NULL,
  files_found BIGINT,
  attempts BIGINT NOT NULL,
  lease_owner TEXT,
  lease_until BIGINT,
  swept BIGINT NOT NULL,
  import_configuration TEXT
);
CREATE INDEX import_jobs_newest ON import_jobs (datastore, submitted_at, job_id);
CREATE INDEX import_jobs_running ON import_jobs (datastore, ended_at) WHERE ended_at IS NULL;
CREATE INDEX import_jobs_unswept ON import_jobs (ended_at) WHERE swept = 0;

CREATE TABLE blobs (
  blob ${countedKey},
  job BIGINT NOT NULL REFERENCES import_jobs,
  blob_key TEXT NOT NULL,
  UNIQUE (job, blob_key)
);

CREATE TABLE image_sets (
  seq ${countedKey},
  id_tail TEXT NOT NULL,
  datastore BIGINT NOT NULL REFERENCES datastores,
  version BIGINT NOT NULL,
  image_set_state TEXT NOT NULL,
  workflow_status TEXT NOT NULL,
  is_primary BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  deleted_at BIGINT,
  last_accessed_at BIGINT NOT NULL,
  changed_in BIGINT NOT NULL,
  study_instant BIGINT,
  patient_id TEXT,
  accession_number TEXT,
  study_id TEXT,
  study_instance_uid TEXT,
  series_instance_uid TEXT,
  study_date TEXT,
  series_number TEXT,
  instance_count BIGINT NOT NULL,
  tags TEXT NOT NULL
);
CREATE INDEX image_sets_updated ON image_sets (datastore, updated_at) WHERE deleted_at IS NULL;
CREATE INDEX image_sets_created ON image_sets (datastore, created_at) WHERE deleted_at IS NULL;
CREATE INDEX image_sets_study_instant ON image_sets (datastore, study_instant) WHERE deleted_at IS NULL;
CREATE INDEX image_sets_patient ON image_sets (datastore, patient_id, updated_at) WHERE deleted_at IS NULL;
CREATE INDEX image_sets_accession ON image_sets (datastore, accession_number, updated_at) WHERE deleted_at IS NULL;
CREATE INDEX image_sets_study_id ON image_sets (datastore, study_id, updated_at) WHERE deleted_at IS NULL;
CREATE INDEX image_sets_study ON image_sets (datastore, study_instance_uid, updated_at) WHERE deleted_at IS NULL;
CREATE INDEX image_sets_series ON image_sets (datastore, series_instance_uid, updated_at) WHERE deleted_at IS NULL;
CREATE INDEX image_sets_not_primary ON image_sets (datastore, updated_at) WHERE deleted_at IS NULL AND is_primary = 0;

CREATE TABLE image_sets_past (
  past ${countedKey},
  from_change BIGINT NOT NULL,
  until_change BIGINT NOT NULL,
  superseded_at BIGINT NOT NULL,
  seq BIGINT NOT NULL REFERENCES image_sets,
  id_tail TEXT NOT NULL,
  datastore BIGINT NOT NULL,
  version BIGINT NOT NULL,
  is_primary BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  last_accessed_at BIGINT NOT NULL,
  study_instant BIGINT,
  patient_id TEXT,
  accession_number TEXT,
  study_id TEXT,
  study_instance_uid TEXT,
  series_instance_uid TEXT,
  tags TEXT NOT NULL
);
CREATE INDEX image_sets_past_until ON image_sets_past (datastore, until_change);
CREATE INDEX image_sets_past_of ON image_sets_past (seq);

CREATE TABLE image_set_versions (
  seq BIGINT NOT NULL REFERENCES image_sets,
  version BIGINT NOT NULL,
  workflow_status TEXT NOT NULL,
  is_primary BIGINT NOT NULL,
  updated_at BIGINT NOT NULL,
  PRIMARY KEY (seq, version)
) ${inKeyOrder};

CREATE TABLE instances (
  seq BIGINT NOT NULL REFERENCES image_sets,
  sop_instance_uid TEXT NOT NULL,
  added_in BIGINT NOT NULL,
  removed_in BIGINT,
  blob BIGINT NOT NULL REFERENCES blobs,
  offset_bytes BIGINT NOT NULL,
  size_bytes BIGINT NOT NULL,
  transfer_syntax_uid TEXT NOT NULL,
  sop_class_uid TEXT NOT NULL,
  PRIMARY KEY (seq, sop_instance_uid, added_in)
) ${inKeyOrder};

CREATE TABLE import_groups (
  group_id ${countedKey},
  job BIGINT NOT NULL REFERENCES import_jobs,
  grouping_key TEXT NOT NULL,
  study_instant BIGINT,
  tags TEXT NOT NULL,
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
  file_key TEXT NOT NULL,
  group_id BIGINT REFERENCES import_groups,
  sop_instance_uid TEXT,
  sop_class_uid TEXT,
  transfer_syntax_uid TEXT,
  blob BIGINT REFERENCES blobs,
  offset_bytes BIGINT,
  size_bytes BIGINT,
  warnings TEXT,
  exception_type TEXT,
  message TEXT,
  UNIQUE (job, file_key)
);
CREATE INDEX import_files_in_group ON import_files (group_id);
`
