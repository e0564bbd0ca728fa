/** The columns of each table as TypeScript types. `schema/catalog-schema.ts` creates them and describes them. */
import type { DeclaredComparison } from '../../../imaging/search/declared.ts'
import type { Datastore } from '../../catalog/datastore-repository.ts'
import type { DeclarationState } from '../../catalog/declared-attribute-repository.ts'
import type { ImageSetProperties } from '../../catalog/image-set-records.ts'
import type { ImportJob } from '../../catalog/import-job-repository.ts'
import type { MaintenanceKind } from '../../catalog/maintenance-repository.ts'
import type { LinkKind } from '../../catalog/one-time-link-repository.ts'
import type { WorkflowRequest, WorkflowRole } from '../../catalog/workflow-repository.ts'

type Nullable<Row> = { [Column in keyof Row]: null extends Row[Column] ? Column : never }[keyof Row]

/** @typeParam Default columns that the database fills where an INSERT leaves them out */
interface Table<Row, Default extends keyof Row = never> {
  readonly row: Readonly<Row>
  readonly newRow: Readonly<
    Omit<Row, Default | Nullable<Row>> & Partial<Pick<Row, Nullable<Row>>> & Partial<Pick<Row, Default>>
  >
}

interface AttributesRange<Size extends number | null> {
  attributes_blob: Size
  attributes_offset_bytes: Size
  attributes_size_bytes: Size
}

/** In import_files null for files that are not stored. */
interface InstanceRanges<Metadata extends number | null> {
  metadata_blob: Metadata
  metadata_offset_bytes: Metadata
  instance_metadata_bytes: Metadata
  attributes_bytes: Metadata
  frames_key: string | null
  frames_blob: number | null
  frames_offset_bytes: number | null
  frames_size_bytes: number | null
  frame_count: number | null
  frames_hold: 'frame' | 'table' | null
  frames_checksum: number | null
  stored_transfer_syntax_uid: string | null
  instance_number: number | null
  warning_reasons: string | null
}

interface StudyState {
  row_id: number
  updated_at: number
  series: number
  instances: number
  modalities: string | null
  attributes: string
  words_cut: number
  study_instance_uid: string
  study_date: string | null
  study_time: string | null
  accession_number: string | null
  referring_physician_name: string | null
  referring_physician_words: string | null
  study_description: string | null
  patient_name: string | null
  patient_name_words: string | null
  patient_id: string | null
  patient_birth_date: string | null
  patient_birth_time: string | null
  patient_sex: string | null
  study_id: string | null
}

interface GroupingElementColumns {
  patient_id: string | null
  accession_number: string | null
  study_id: string | null
  study_instance_uid: string | null
  series_instance_uid: string | null
  study_date: string | null
  series_number: string | null
}

export interface Tables {
  datastores: Table<
    {
      datastore: number
      datastore_id: string
      datastore_name: string | null
      datastore_status: Datastore['datastoreStatus']
      kms_key_arn: string | null
      lambda_authorizer_arn: string | null
      lossless_storage_format: Datastore['losslessStorageFormat']
      partitions: number
      created_at: number
      updated_at: number
    },
    'datastore'
  >
  changes: Table<
    {
      datastore: number
      number: number
      history_purged_to: number
      write_token: string
      former_write_token: string
      last_leaf: number
      declarations: number
      rebuilt_to: number | null
    },
    'number' | 'history_purged_to' | 'write_token' | 'former_write_token' | 'last_leaf' | 'declarations'
  >
  moved_studies: Table<{ datastore: number; study_digest: string; partition: number }>
  tags: Table<{ resource_id: string; tag_key: string; tag_value: string }>
  client_tokens: Table<{
    scope: string
    client_token: string
    fingerprint: string
    resource_id: string
    used_at: number
  }>
  principals: Table<
    {
      principal: number
      principal_name: string
      is_enabled: number
      created_at: number
      tags: string
    },
    'principal'
  >
  access_keys: Table<{
    access_key_id: string
    principal: number
    sealed_secret: Uint8Array
    created_at: number
    expires_at: number | null
  }>
  session_ends: Table<{ caller: string; ended_at: number }>
  policies: Table<{ policy_name: string; document: string; updated_at: number }>
  attached_policies: Table<{ principal: number; policy_name: string; document: string | null }>
  import_jobs: Table<
    {
      job: number
      job_id: string
      datastore: number
      job_name: string | null
      job_status: ImportJob['jobStatus']
      data_access_role_arn: string
      input_s3_uri: string
      output_s3_uri: string
      import_configuration: string | null
      message: string | null
      submitted_at: number
      ended_at: number | null
      files_done: number
      files_failed: number
      files_skipped: number
      files_found: number | null
      attempts: number
      lease_owner: string | null
      lease_until: number | null
      served_at: number | null
      claims: number
      recorded_to: string | null
      turn_state: string | null
      purged: number
    },
    'job' | 'claims'
  >
  blobs: Table<
    {
      blob: number
      job: number
      blob_key: string
      size_bytes: number | null
      sha256: string | null
      is_counted: number
      unreferenced_since: number | null
      partly_unreferenced_since: number | null
      compacting_until: number | null
      purged_at: number | null
    },
    'blob' | 'is_counted'
  >
  image_sets: Table<
    GroupingElementColumns & {
      row_id: number
      id_suffix: string
      datastore: number
      version: number
      image_set_state: ImageSetProperties['imageSetState']
      workflow_status: ImageSetProperties['workflowStatus']
      is_primary: number
      created_at: number
      updated_at: number
      deleted_at: number | null
      last_accessed_at: number
      changed_in: number
      study_timestamp: number | null
      instance_count: number
      tags: string
      unlisted_texts: string | null
    },
    'row_id'
  >
  image_set_versions: Table<
    AttributesRange<number | null> & {
      row_id: number
      version: number
      workflow_status: ImageSetProperties['workflowStatus']
      is_primary: number
      updated_at: number
      message: string | null
      forced: number
    },
    'forced'
  >
  image_set_documents: Table<{
    row_id: number
    version: number
    blob: number
    offset_bytes: number
    size_bytes: number
    content_bytes: number
    crc32: number
    body_checksum: number
  }>
  instances: Table<
    InstanceRanges<number> & {
      row_id: number
      sop_instance_uid: string
      added_in: number
      removed_in: number | null
      blob: number
      offset_bytes: number
      size_bytes: number
      transfer_syntax_uid: string
      sop_class_uid: string
    }
  >
  blob_uses: Table<{ blob: number; row_id: number }>
  studies: Table<StudyState & { study: number; datastore: number; changed_in: number }, 'study'>
  study_totals: Table<{ datastore: number; studies: number }>
  study_history: Table<
    StudyState & {
      history_id: number
      study: number
      datastore: number
      from_change: number
      until_change: number
      superseded_at: number
    },
    'history_id'
  >
  import_groups: Table<
    AttributesRange<number> & {
      group_id: number
      job: number
      grouping_key: string
      grouping_digest: string
      study_timestamp: number | null
      tags: string
      unlisted_texts: string | null
      row_id: number | null
      version: number | null
      is_primary: number | null
      matched_instances: number | null
    },
    'group_id'
  >
  import_files: Table<
    InstanceRanges<number | null> & {
      file: number
      job: number
      file_key: string
      exception_type: string | null
      message: string | null
      group_id: number | null
      warnings: string | null
      sop_instance_uid: string | null
      blob: number | null
      offset_bytes: number | null
      size_bytes: number | null
      transfer_syntax_uid: string | null
      sop_class_uid: string | null
    },
    'file'
  >
  workflows: Table<
    {
      workflow: number
      datastore: number
      operation: WorkflowRequest['operation']
      request: string
      begun_at: number
      attempts: number
      lease_owner: string | null
      lease_until: number | null
    },
    'workflow'
  >
  workflow_image_sets: Table<{ row_id: number; workflow: number; role: WorkflowRole; version: number }>
  declared_attributes: Table<{
    declaration: number
    datastore: number
    tag: string
    keyword: string
    comparison: DeclaredComparison
    state: DeclarationState
    done_to: number
    up_to: number
  }>
  search_partitions: Table<
    {
      partition: number
      datastore: number
      state: string
      is_primary: number
      attribute: string
      value: string
    },
    'partition'
  >
  search_leaves: Table<{
    leaf: number
    partition: number
    entry_count: number
    changed_in: number
    bounds: Uint8Array
  }>
  data_keys: Table<{ owner_id: string; key_arn: string; wrapped: Uint8Array | null; destroyed_at: number | null }>
  search_entries: Table<{ leaf: number; entries: Uint8Array }>
  maintenance_runs: Table<{
    run_id: string
    kind: MaintenanceKind
    started_at: number
    lease_until: number
    ended_at: number | null
    outcome: 'succeeded' | 'failed' | null
    report: string
  }>
  servers: Table<{
    server_id: string
    server_name: string
    started_at: number
    seen_at: number
    worker_ids: string
    settings: string
  }>
  one_time_links: Table<{
    token_digest: string
    kind: LinkKind
    subject: string
    is_local: number
    expires_at: number
  }>
  search_dictionaries: Table<
    {
      dictionary: number
      datastore: number
      state: string
      first_chunk: number | null
      last_chunk: number | null
      changed_in: number
      last_token: number
      sealing?: string | null
      sealing_to?: number | null
      sealed_token?: number | null
    },
    'dictionary' | 'last_token'
  >
  search_tokens: Table<{ token: number; dictionary: number; word_key: string }>
  search_postings: Table<{ dictionary: number; chunk: number; token: number; offsets: Uint8Array }>
  search_tail: Table<{ dictionary: number; row_id: number; added_in: number }>
}

export type RowOf<Name extends keyof Tables> = Tables[Name]['row']
export type NewRowOf<Name extends keyof Tables> = Tables[Name]['newRow']
