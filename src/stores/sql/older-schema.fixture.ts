/** Makes a catalog of this program's schema into one that an older program left: what the later steps did on SQLite, undone. */

/** The latest first. */
const UNDOING: readonly (readonly [step: number, undo: string])[] = [
  [
    5,
    `DROP TABLE image_set_documents;
     ${['instances', 'import_files']
       .flatMap((table) =>
         ['metadata_blob', 'metadata_offset_bytes', 'entry_bytes', 'levels_bytes'].map(
           (column) => `ALTER TABLE ${table} DROP COLUMN ${column};`,
         ),
       )
       .join('\n')}`,
  ],
  [
    4,
    `DROP INDEX import_groups_waiting_by_digest;
     ALTER TABLE import_groups DROP COLUMN grouping_digest;
     CREATE UNIQUE INDEX import_groups_waiting_by_key ON import_groups (job, grouping_key) WHERE seq IS NULL;`,
  ],
  [3, 'ALTER TABLE changes DROP COLUMN last_leaf; ALTER TABLE changes DROP COLUMN rebuilt_to;'],
]

/** Statements for SQLite. */
export const backToSchema = (version: number): string => `
  ${UNDOING.filter(([step]) => step > version)
    .map(([, undo]) => undo)
    .join('\n')}
  DELETE FROM schema_versions WHERE version > ${version};`
