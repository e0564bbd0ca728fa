/** Where the metadata of each instance lies, and the metadata document of each version of an image set. */
import type { Dialect } from '../engine/differences.ts'

/** NULL for what came in before: its metadata is read from the file itself. A document without a blob is still to be made. */
const METADATA_COLUMNS = ['metadata_blob', 'metadata_offset_bytes', 'entry_bytes', 'levels_bytes']

export const metadata = ({ inKeyOrder }: Dialect): string => `
${['instances', 'import_files']
  .flatMap((table) => METADATA_COLUMNS.map((column) => `ALTER TABLE ${table} ADD COLUMN ${column} BIGINT;`))
  .join('\n')}

CREATE TABLE image_set_documents (
  seq BIGINT NOT NULL REFERENCES image_sets,
  version BIGINT NOT NULL,
  blob BIGINT REFERENCES blobs,
  offset_bytes BIGINT,
  size_bytes BIGINT,
  content_bytes BIGINT,
  crc32 BIGINT,
  PRIMARY KEY (seq, version)
) ${inKeyOrder};
CREATE INDEX image_set_documents_pending ON image_set_documents (seq, version) WHERE blob IS NULL;
INSERT INTO image_set_documents (seq, version)
  SELECT seq, version FROM image_set_versions WHERE seq IN (SELECT seq FROM image_sets WHERE deleted_at IS NULL);
`
