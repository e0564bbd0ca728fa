/** Makes a catalog of this program's schema into one that an older program left: what the later steps did on SQLite, undone. */

const dropColumns = (tables: readonly string[], columns: readonly string[]): string =>
  tables.flatMap((table) => columns.map((column) => `ALTER TABLE ${table} DROP COLUMN ${column};`)).join('\n')

/** The latest first. */
const UNDOING: readonly (readonly [step: number, undo: string])[] = [
  [
    9,
    `${dropColumns(['instances', 'import_files'], ['frames_checksum'])}
     ${dropColumns(['image_set_documents'], ['body_checksum'])}`,
  ],
  [
    8,
    `DROP INDEX blobs_partly_unreferenced; ${dropColumns(['blobs'], ['partly_unreferenced_since', 'compacting_until'])}`,
  ],
  [7, `DROP INDEX blobs_by_key; ${dropColumns(['blobs'], ['removed_at'])}`],
  [
    6,
    `DROP TABLE workflow_image_sets;
     DROP TABLE workflows;
     DROP TABLE blob_uses;
     DROP INDEX instances_by_frames;
     DROP INDEX blobs_unreferenced;
     ${dropColumns(['blobs'], ['size_bytes', 'sha256', 'unreferenced_since'])}
     ${dropColumns(['import_groups', 'image_set_versions'], ['levels_blob', 'levels_offset_bytes', 'levels_size_bytes'])}
     ${dropColumns(['image_set_versions'], ['message', 'forced'])}
     ${dropColumns(
       ['instances', 'import_files'],
       [
         ...['frames_key', 'frames_blob', 'frames_offset_bytes', 'frames_size_bytes', 'frame_count', 'frames_hold'],
         'stored_transfer_syntax_uid',
       ],
     )}`,
  ],
  [
    5,
    `DROP TABLE image_set_documents;
     ${dropColumns(['instances', 'import_files'], ['metadata_blob', 'metadata_offset_bytes', 'entry_bytes', 'levels_bytes'])}`,
  ],
  [
    4,
    `DROP INDEX import_groups_waiting_by_digest;
     ALTER TABLE import_groups DROP COLUMN grouping_digest;
     CREATE UNIQUE INDEX import_groups_waiting_by_key ON import_groups (job, grouping_key) WHERE seq IS NULL;`,
  ],
  [
    3,
    `DELETE FROM settings WHERE name = 'search index format'; ` +
      'ALTER TABLE changes DROP COLUMN last_leaf; ALTER TABLE changes DROP COLUMN rebuilt_to;',
  ],
]

/** Statements for SQLite. */
export const backToSchema = (version: number): string => `
  ${UNDOING.filter(([step]) => step > version)
    .map(([, undo]) => undo)
    .join('\n')}
  DELETE FROM schema_versions WHERE version > ${version};`
