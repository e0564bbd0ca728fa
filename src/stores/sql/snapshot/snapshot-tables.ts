/** The tables of a snapshot with their primary keys, in an order in which no row refers to a later table. */

interface SnapshotTable {
  readonly table: string
  readonly key: readonly string[]
}

export const SNAPSHOT_TABLES: readonly SnapshotTable[] = [
  { table: 'settings', key: ['name'] },
  { table: 'creations', key: ['only_row'] },
  { table: 'datastores', key: ['datastore'] },
  { table: 'changes', key: ['datastore'] },
  { table: 'moved_studies', key: ['datastore', 'study_digest'] },
  { table: 'data_keys', key: ['owner_id'] },
  { table: 'tags', key: ['resource_id', 'tag_key'] },
  { table: 'client_tokens', key: ['scope', 'client_token'] },
  { table: 'import_jobs', key: ['job'] },
  { table: 'blobs', key: ['blob'] },
  { table: 'image_sets', key: ['row_id'] },
  { table: 'image_set_history', key: ['history_id'] },
  { table: 'image_set_versions', key: ['row_id', 'version'] },
  { table: 'image_set_documents', key: ['row_id', 'version'] },
  { table: 'instances', key: ['row_id', 'sop_instance_uid', 'added_in'] },
  { table: 'blob_uses', key: ['blob', 'row_id'] },
  { table: 'import_groups', key: ['group_id'] },
  { table: 'import_files', key: ['file'] },
  { table: 'workflows', key: ['workflow'] },
  { table: 'workflow_image_sets', key: ['row_id'] },
  { table: 'studies', key: ['study'] },
  { table: 'study_totals', key: ['datastore'] },
  { table: 'study_history', key: ['history_id'] },
  { table: 'declared_attributes', key: ['datastore', 'declaration'] },
  { table: 'search_partitions', key: ['partition'] },
  { table: 'search_leaves', key: ['leaf'] },
  { table: 'search_entries', key: ['leaf'] },
  { table: 'search_dictionaries', key: ['dictionary'] },
  { table: 'search_tokens', key: ['dictionary', 'token'] },
  { table: 'search_postings', key: ['dictionary', 'chunk', 'token'] },
  { table: 'search_tail', key: ['dictionary', 'added_in', 'row_id'] },
  { table: 'access_changes', key: ['only_row'] },
  { table: 'principals', key: ['principal'] },
  { table: 'access_keys', key: ['access_key_id'] },
  { table: 'session_ends', key: ['caller'] },
  { table: 'policies', key: ['policy_name'] },
  { table: 'attached_policies', key: ['principal', 'policy_name'] },
]

/** Of this program and its runs: a restored catalog has its own. */
export const TABLES_LEFT_OUT = ['schema_versions', 'maintenance_runs', 'servers', 'one_time_links']
